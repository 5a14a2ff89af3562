package io.meltemi.proxy.telemetry;

import java.util.List;
import java.util.Map;

/**
 * {@code %DYNAMIC_METADATA(NAMESPACE:KEY:KEY...)%}: a text as it is, anything else as JSON.
 *
 * @param path empty for all fields of the namespace
 */
record MetadataOperator(String namespace, List<String> path) implements FormatOperator {
  MetadataOperator {
    path = List.copyOf(path);
  }

  static MetadataOperator parse(String parameter) throws FormatOperators.Unsupported {
    List<String> parts = List.of(parameter.split(":", -1));
    if (parts.stream().anyMatch(String::isEmpty)) {
      throw new FormatOperators.Unsupported("a namespace, and keys behind colons");
    }
    return new MetadataOperator(parts.getFirst(), parts.subList(1, parts.size()));
  }

  @Override
  public boolean write(StreamInfo info, FormatOutput out) {
    Object value;
    if (path.isEmpty()) {
      Map<String, Object> all = info.dynamicMetadata.all(namespace);
      value = all.isEmpty() ? null : all;
    } else {
      value = info.dynamicMetadata.get(namespace, path);
    }
    if (value == null) {
      return false;
    }
    out.add(DynamicMetadata.text(value));
    return true;
  }
}
