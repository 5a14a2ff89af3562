package io.meltemi.controlplane.translate;

import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.meltemi.controlplane.testing.RecordedCase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Recorded and generated messages in a form in which they can be compared: JSON trees without the
 * parts that this control plane leaves for later (security and telemetry filters, tracing) and
 * without the order of filter chains, which means nothing.
 */
final class RecordedForm {
  /** Filters that come with telemetry, security or not at all. */
  private static final Set<String> LATER_FILTERS =
      Set.of(
          "envoy.filters.http.grpc_stats",
          "envoy.filters.http.grpc_web",
          "envoy.filters.network.mongo_proxy");

  /** Parts of connection managers and TCP proxies that the corpus counts as soft. */
  private static final Set<String> SOFT_FIELDS = Set.of("tracing", "accessLog");

  private RecordedForm() {}

  static Struct of(Message generated) {
    return of(RecordedCase.json(generated));
  }

  static Struct of(Struct recorded) {
    Struct.Builder normal = struct(recorded).toBuilder();
    Value chains = normal.getFieldsMap().get("filterChains");
    if (chains != null) {
      normal.putFields("filterChains", sorted(chains.getListValue()));
    }
    return normal.build();
  }

  /** The first path at which two trees differ; empty when they are equal. */
  static Optional<String> difference(String path, Value expected, Value found) {
    if (expected.equals(found)) {
      return Optional.empty();
    }
    if (expected.hasStructValue() && found.hasStructValue()) {
      Set<String> fields = new TreeSet<>(expected.getStructValue().getFieldsMap().keySet());
      fields.addAll(found.getStructValue().getFieldsMap().keySet());
      for (String field : fields) {
        Optional<String> inner =
            difference(
                path + '.' + field,
                expected.getStructValue().getFieldsOrDefault(field, Value.getDefaultInstance()),
                found.getStructValue().getFieldsOrDefault(field, Value.getDefaultInstance()));
        if (inner.isPresent()) {
          return inner;
        }
      }
    }
    if (expected.hasListValue()
        && found.hasListValue()
        && expected.getListValue().getValuesCount() == found.getListValue().getValuesCount()) {
      for (int i = 0; i < expected.getListValue().getValuesCount(); i++) {
        Optional<String> inner =
            difference(
                path + '[' + i + ']',
                expected.getListValue().getValues(i),
                found.getListValue().getValues(i));
        if (inner.isPresent()) {
          return inner;
        }
      }
    }
    return Optional.of(path + ": recorded " + brief(expected) + ", generated " + brief(found));
  }

  private static String brief(Value value) {
    if (value.getKindCase() == Value.KindCase.KIND_NOT_SET) {
      return "nothing";
    }
    if (value.hasListValue()) {
      return value.getListValue().getValuesCount() + " elements";
    }
    String text =
        value.hasStringValue() ? value.getStringValue() : value.toString().replaceAll("\\s+", " ");
    return text.length() > 400 ? text.substring(0, 400) + "…" : text;
  }

  private static Struct struct(Struct tree) {
    Struct.Builder normal = Struct.newBuilder();
    tree.getFieldsMap()
        .forEach(
            (name, value) -> {
              if (!SOFT_FIELDS.contains(name)) {
                normal.putFields(name, value(name, value));
              }
            });
    return normal.build();
  }

  private static Value value(String name, Value value) {
    return switch (value.getKindCase()) {
      case STRUCT_VALUE ->
          Value.newBuilder().setStructValue(struct(value.getStructValue())).build();
      case LIST_VALUE -> {
        ListValue.Builder list = ListValue.newBuilder();
        value.getListValue().getValuesList().stream()
            .filter(element -> !isLater(name, element))
            .forEach(element -> list.addValues(value(name, element)));
        yield Value.newBuilder().setListValue(list).build();
      }
      // Envoy compares header names in lower case
      case STRING_VALUE ->
          name.equals("key") || name.equals("name")
              ? string(value.getStringValue().toLowerCase(Locale.ROOT))
              : value;
      case NULL_VALUE, NUMBER_VALUE, BOOL_VALUE, KIND_NOT_SET -> value;
    };
  }

  private static boolean isLater(String list, Value element) {
    if (!element.hasStructValue()) {
      return false;
    }
    Struct struct = element.getStructValue();
    return switch (list) {
      case "httpFilters", "filters" -> {
        String filter =
            struct.getFieldsOrDefault("name", Value.getDefaultInstance()).getStringValue();
        yield filter.startsWith("istio.") || LATER_FILTERS.contains(filter);
      }
      default -> false;
    };
  }

  private static Value sorted(ListValue chains) {
    List<Value> sorted = new ArrayList<>(chains.getValuesList());
    sorted.sort(Comparator.comparing(RecordedForm::match));
    return Value.newBuilder().setListValue(ListValue.newBuilder().addAllValues(sorted)).build();
  }

  private static String match(Value chain) {
    return chain
        .getStructValue()
        .getFieldsOrDefault("filterChainMatch", Value.getDefaultInstance())
        .toString();
  }

  private static Value string(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }
}
