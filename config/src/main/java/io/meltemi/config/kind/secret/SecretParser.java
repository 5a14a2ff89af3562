package io.meltemi.config.kind.secret;

import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads Secret. No message repeats a value. */
public final class SecretParser {
  private static final int BYTES_MAX = 1024 * 1024;
  private static final Pattern KEY = Pattern.compile("[-._a-zA-Z0-9]{1,253}");
  private static final Pattern BLANKS = Pattern.compile("\\s");

  private SecretParser() {}

  public static Secret parse(ObjectReader document, Metadata metadata) {
    Map<String, SecretValue> data = new HashMap<>();
    read(document, "data", true, data);
    read(document, "stringData", false, data);
    String type = document.optionalString("type").orElse("");
    document.ignore("immutable");
    long bytes = data.values().stream().mapToLong(SecretValue::length).sum();
    if (bytes > BYTES_MAX) {
      document.error("data", bytes + " bytes", "at most " + BYTES_MAX);
    }
    if (type.equals(Secret.TLS)) {
      requireKey(document, data, "tls.crt");
      requireKey(document, data, "tls.key");
    }
    return new Secret(type.isEmpty() ? "Opaque" : type, data);
  }

  private static void requireKey(ObjectReader document, Map<String, SecretValue> data, String key) {
    if (!data.containsKey(key)) {
      document.error("data", "no " + key, "tls.crt and tls.key for type " + Secret.TLS);
    }
  }

  private static void read(
      ObjectReader document, String field, boolean encoded, Map<String, SecretValue> data) {
    YamlNode node = document.node(field).orElse(null);
    if (node == null) {
      return;
    }
    if (!(node instanceof YamlMap map)) {
      document.error(field, "no object", "an object of names and values");
      return;
    }
    map.fields()
        .forEach(
            (key, entry) -> {
              if (!KEY.matcher(key).matches()) {
                document.error(field, '"' + key + '"', "letters, digits, '-', '_' and '.'");
              }
              if (!(entry.value() instanceof YamlScalar scalar)) {
                document.error(field, key + " that is no text", "a text");
              } else if (scalar.isNull()) {
                data.put(key, SecretValue.of(""));
              } else if (encoded) {
                decode(document, field, key, scalar.text(), data);
              } else {
                data.put(key, SecretValue.of(scalar.text()));
              }
            });
  }

  private static void decode(
      ObjectReader document, String field, String key, String text, Map<String, SecretValue> data) {
    try {
      data.put(
          key, SecretValue.of(Base64.getDecoder().decode(BLANKS.matcher(text).replaceAll(""))));
    } catch (IllegalArgumentException _) {
      document.error(field, key + " that is not base64", "base64; plain text goes to stringData");
      data.put(key, SecretValue.of(""));
    }
  }
}
