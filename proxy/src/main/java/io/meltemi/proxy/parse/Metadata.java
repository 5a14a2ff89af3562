package io.meltemi.proxy.parse;

import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Envoy's {@code core.v3.Metadata} without protos.
 *
 * @param filters namespace to its fields; a value is a Map, List, String, Double, Boolean, or an
 *     empty Optional for JSON null
 */
public record Metadata(Map<String, Map<String, Object>> filters) {
  public static final Metadata EMPTY = new Metadata(Map.of());

  private static final SupportedFields FIELDS =
      SupportedFields.of(io.envoyproxy.envoy.config.core.v3.Metadata.class, "filter_metadata");

  public Metadata {
    filters = Map.copyOf(filters);
  }

  /** Typed metadata is refused: nothing here could read it. */
  public static Metadata parse(
      io.envoyproxy.envoy.config.core.v3.Metadata proto, ParseScope scope) {
    FIELDS.check(proto, scope);
    if (proto.getFilterMetadataCount() == 0) {
      return EMPTY;
    }
    Map<String, Map<String, Object>> filters = new LinkedHashMap<>();
    proto.getFilterMetadataMap().forEach((name, struct) -> filters.put(name, struct(struct)));
    return new Metadata(filters);
  }

  /** A struct's fields, in the form that {@link #filters} has. */
  public static Map<String, Object> fields(Struct struct) {
    return struct(struct);
  }

  /** The same fields as a message. */
  public static Struct struct(Map<String, ?> fields) {
    Struct.Builder struct = Struct.newBuilder();
    fields.forEach((name, value) -> struct.putFields(name, proto(value)));
    return struct.build();
  }

  @SuppressWarnings("unchecked") // a map has names for keys
  private static Value proto(Object value) {
    Value.Builder proto = Value.newBuilder();
    return switch (value) {
      case String text -> proto.setStringValue(text).build();
      case Double number -> proto.setNumberValue(number).build();
      case Boolean flag -> proto.setBoolValue(flag).build();
      case Map<?, ?> map -> proto.setStructValue(struct((Map<String, ?>) map)).build();
      case List<?> list -> {
        ListValue.Builder items = proto.getListValueBuilder();
        list.forEach(item -> items.addValues(proto(item)));
        yield proto.build();
      }
      default -> proto.setNullValue(NullValue.NULL_VALUE).build();
    };
  }

  private static Map<String, Object> struct(Struct struct) {
    Map<String, Object> fields = new LinkedHashMap<>();
    struct.getFieldsMap().forEach((name, value) -> fields.put(name, value(value)));
    return java.util.Collections.unmodifiableMap(fields);
  }

  private static Object value(Value value) {
    return switch (value.getKindCase()) {
      case STRING_VALUE -> value.getStringValue();
      case NUMBER_VALUE -> value.getNumberValue();
      case BOOL_VALUE -> value.getBoolValue();
      case STRUCT_VALUE -> struct(value.getStructValue());
      case LIST_VALUE -> {
        List<Object> items = new ArrayList<>();
        value.getListValue().getValuesList().forEach(item -> items.add(value(item)));
        yield List.copyOf(items);
      }
      case NULL_VALUE, KIND_NOT_SET -> Optional.empty();
    };
  }
}
