package io.meltemi.proxy.bootstrap;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DoubleValue;
import com.google.protobuf.FloatValue;
import com.google.protobuf.Int32Value;
import com.google.protobuf.Int64Value;
import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.NullValue;
import com.google.protobuf.StringValue;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.UInt64Value;
import com.google.protobuf.Value;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.bootstrap.Node.Entry;
import io.meltemi.proxy.bootstrap.Node.ListNode;
import io.meltemi.proxy.bootstrap.Node.MapNode;
import io.meltemi.proxy.bootstrap.Node.Scalar;
import io.meltemi.proxy.parse.ParseScope;
import java.math.BigDecimal;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Fills a message from a document by protobuf's JSON mapping, names in either spelling. Unlike
 * protobuf's own reader it goes on after an error, so that every problem is told at once, each with
 * its line. An {@code Any} of an unknown type is one error that names it.
 */
final class ProtoReader {
  private static final Set<String> WRAPPERS =
      Set.of(
          BoolValue.getDescriptor().getFullName(),
          StringValue.getDescriptor().getFullName(),
          BytesValue.getDescriptor().getFullName(),
          Int32Value.getDescriptor().getFullName(),
          Int64Value.getDescriptor().getFullName(),
          UInt32Value.getDescriptor().getFullName(),
          UInt64Value.getDescriptor().getFullName(),
          FloatValue.getDescriptor().getFullName(),
          DoubleValue.getDescriptor().getFullName());

  private final Map<String, Message> extensions;

  /**
   * @param extensions default instances of the messages that may stand in an {@code Any}, by full
   *     name
   */
  ProtoReader(Map<String, Message> extensions) {
    this.extensions = extensions;
  }

  /** Merges the document into the builder; problems go to the scope. */
  void read(Node node, Message.Builder builder, ParseScope scope) {
    if (!wellKnown(node, builder, at(scope, node))) {
      message(node, builder, at(scope, node), "");
    }
  }

  private static ParseScope at(ParseScope scope, Node node) {
    Origin origin = scope.origin();
    return new ParseScope(origin.at(node.line(), node.column()), scope.path(), scope.out());
  }

  /**
   * @param skip a key that is no field, such as {@code @type}
   */
  private void message(Node node, Message.Builder builder, ParseScope scope, String skip) {
    Descriptor type = builder.getDescriptorForType();
    if (node instanceof Scalar scalar && scalar.isNull()) {
      return;
    }
    if (!(node instanceof MapNode map)) {
      scope.error(shown(node), "a map for " + type.getFullName());
      return;
    }
    for (Map.Entry<String, Entry> entry : map.entries().entrySet()) {
      String key = entry.getKey();
      if (key.equals(skip)) {
        continue;
      }
      Entry value = entry.getValue();
      FieldDescriptor field = field(type, key);
      ParseScope there =
          new ParseScope(
              scope.origin().at(value.line(), value.column()),
              scope.field(field == null ? key : field.getName()).path(),
              scope.out());
      if (field == null) {
        there.error("field " + key, "a field of " + type.getFullName());
        extensionsBelow(value.value(), there);
        continue;
      }
      field(field, value.value(), builder, there);
    }
  }

  private static @Nullable FieldDescriptor field(Descriptor type, String key) {
    FieldDescriptor field = type.findFieldByName(key);
    if (field != null) {
      return field;
    }
    for (FieldDescriptor candidate : type.getFields()) {
      if (candidate.getJsonName().equals(key)) {
        return candidate;
      }
    }
    return null;
  }

  private void field(FieldDescriptor field, Node value, Message.Builder builder, ParseScope scope) {
    if (value instanceof Scalar scalar && scalar.isNull() && !isValue(field)) {
      return;
    }
    if (field.getRealContainingOneof() != null) {
      FieldDescriptor other = builder.getOneofFieldDescriptor(field.getContainingOneof());
      if (other != null) {
        scope.error(
            "both " + other.getName() + " and " + field.getName(),
            "one of them: they exclude each other");
        return;
      }
    }
    if (field.isMapField()) {
      mapField(field, value, builder, scope);
    } else if (field.isRepeated()) {
      if (!(value instanceof ListNode list)) {
        at(scope, value).error(shown(value), "a list");
        return;
      }
      for (int i = 0; i < list.items().size(); i++) {
        Node item = list.items().get(i);
        ParseScope itemScope =
            at(new ParseScope(scope.origin(), scope.path() + "[" + i + "]", scope.out()), item);
        Object parsed = value(field, item, builder, itemScope);
        if (parsed != null) {
          builder.addRepeatedField(field, parsed);
        }
      }
    } else {
      Object parsed = value(field, value, builder, at(scope, value));
      if (parsed != null) {
        builder.setField(field, parsed);
      }
    }
  }

  private static boolean isValue(FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
        && field.getMessageType().getFullName().equals(Value.getDescriptor().getFullName());
  }

  private void mapField(
      FieldDescriptor field, Node value, Message.Builder builder, ParseScope scope) {
    if (!(value instanceof MapNode map)) {
      at(scope, value).error(shown(value), "a map");
      return;
    }
    FieldDescriptor keyField = field.getMessageType().findFieldByNumber(1);
    FieldDescriptor valueField = field.getMessageType().findFieldByNumber(2);
    for (Map.Entry<String, Entry> entry : map.entries().entrySet()) {
      Node item = entry.getValue().value();
      ParseScope itemScope =
          at(
              new ParseScope(
                  scope.origin(), scope.path() + "[" + entry.getKey() + "]", scope.out()),
              item);
      Message.Builder pair = builder.newBuilderForField(field);
      Object key =
          value(
              keyField,
              new Scalar(entry.getKey(), true, item.line(), item.column()),
              pair,
              itemScope);
      Object parsed = value(valueField, item, pair, itemScope);
      if (key != null && parsed != null) {
        builder.addRepeatedField(
            field, pair.setField(keyField, key).setField(valueField, parsed).build());
      }
    }
  }

  private @Nullable Object value(
      FieldDescriptor field, Node node, Message.Builder builder, ParseScope scope) {
    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
      Message.Builder nested = builder.newBuilderForField(field);
      if (!wellKnown(node, nested, scope)) {
        message(node, nested, scope, "");
      }
      return nested.build();
    }
    if (!(node instanceof Scalar scalar)) {
      scope.error(shown(node), "a single value");
      return null;
    }
    return scalar(field, scalar, scope);
  }

  private static @Nullable Object scalar(FieldDescriptor field, Scalar scalar, ParseScope scope) {
    String text = scalar.text();
    switch (field.getJavaType()) {
      case STRING:
        return text;
      case BOOLEAN:
        if (text.equals("true") || text.equals("false")) {
          return Boolean.valueOf(text);
        }
        scope.error(text, "true or false");
        return null;
      case BYTE_STRING:
        try {
          return ByteString.copyFrom(Base64.getMimeDecoder().decode(text));
        } catch (IllegalArgumentException e) {
          scope.error(text, "base64");
          return null;
        }
      case ENUM:
        return enumValue(field, text, scope);
      case INT, LONG:
        return integer(field, text, scope);
      case FLOAT, DOUBLE:
        try {
          double number =
              switch (text) {
                case "NaN", ".nan" -> Double.NaN;
                case "Infinity", ".inf" -> Double.POSITIVE_INFINITY;
                case "-Infinity", "-.inf" -> Double.NEGATIVE_INFINITY;
                default -> new BigDecimal(text).doubleValue();
              };
          if (field.getJavaType() == FieldDescriptor.JavaType.FLOAT) {
            return (float) number;
          }
          return number;
        } catch (NumberFormatException e) {
          scope.error(text, "a number");
          return null;
        }
      case MESSAGE:
        throw new IllegalArgumentException(field.getFullName());
    }
    return null;
  }

  private static @Nullable Object enumValue(FieldDescriptor field, String text, ParseScope scope) {
    EnumValueDescriptor value = field.getEnumType().findValueByName(text);
    if (value == null && text.matches("-?[0-9]{1,9}")) {
      value = field.getEnumType().findValueByNumber(Integer.parseInt(text));
    }
    if (value == null) {
      List<String> names =
          field.getEnumType().getValues().stream().map(EnumValueDescriptor::getName).toList();
      scope.error(text, "one of " + names);
    }
    return value;
  }

  private static @Nullable Object integer(FieldDescriptor field, String text, ParseScope scope) {
    boolean isInt = field.getJavaType() == FieldDescriptor.JavaType.INT;
    boolean unsigned =
        switch (field.getType()) {
          case UINT32, UINT64, FIXED32, FIXED64 -> true;
          default -> false;
        };
    BigDecimal max =
        isInt
            ? BigDecimal.valueOf(unsigned ? 0xFFFF_FFFFL : Integer.MAX_VALUE)
            : unsigned
                ? new BigDecimal("18446744073709551615")
                : BigDecimal.valueOf(Long.MAX_VALUE);
    BigDecimal min =
        unsigned ? BigDecimal.ZERO : BigDecimal.valueOf(isInt ? Integer.MIN_VALUE : Long.MIN_VALUE);
    try {
      BigDecimal number =
          new BigDecimal(text.length() > 40 ? "none" : text.startsWith("+") ? "none" : text);
      if (number.compareTo(min) >= 0
          && number.compareTo(max) <= 0
          && number.stripTrailingZeros().scale() <= 0) {
        if (isInt) {
          return number.intValue();
        }
        return number.longValue();
      }
    } catch (NumberFormatException e) {
      // falls through to the one complaint
    }
    scope.error(text, "an integer from " + min + " to " + max);
    return null;
  }

  /** Reads the messages that have a JSON form of their own; false when this is none of them. */
  private boolean wellKnown(Node node, Message.Builder builder, ParseScope scope) {
    String type = builder.getDescriptorForType().getFullName();
    if (!type.startsWith("google.protobuf.")) {
      return false;
    }
    if (WRAPPERS.contains(type)) {
      FieldDescriptor field = builder.getDescriptorForType().findFieldByNumber(1);
      Object value = value(field, node, builder, scope);
      if (value != null) {
        builder.setField(field, value);
      }
      return true;
    }
    switch (type) {
      case "google.protobuf.Any" -> any(node, (Any.Builder) builder, scope);
      case "google.protobuf.Struct" -> {
        if (node instanceof MapNode map) {
          ((Struct.Builder) builder).mergeFrom(struct(map));
        } else {
          scope.error(shown(node), "a map");
        }
      }
      case "google.protobuf.Value" -> ((Value.Builder) builder).mergeFrom(value(node));
      case "google.protobuf.ListValue" -> {
        if (node instanceof ListNode list) {
          ((ListValue.Builder) builder).mergeFrom(list(list));
        } else {
          scope.error(shown(node), "a list");
        }
      }
      case "google.protobuf.Duration" -> duration(node, builder, scope);
      case "google.protobuf.Timestamp" -> timestamp(node, builder, scope);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void duration(Node node, Message.Builder builder, ParseScope scope) {
    if (node instanceof Scalar scalar) {
      try {
        builder.mergeFrom(Durations.parse(scalar.text()));
        return;
      } catch (ParseException e) {
        // falls through to the one complaint
      }
    }
    scope.error(shown(node), "a duration in seconds such as 0.25s");
  }

  private static void timestamp(Node node, Message.Builder builder, ParseScope scope) {
    if (node instanceof Scalar scalar) {
      try {
        builder.mergeFrom(Timestamps.parse(scalar.text()));
        return;
      } catch (ParseException e) {
        // falls through to the one complaint
      }
    }
    scope.error(shown(node), "a time such as 2026-01-01T00:00:00Z");
  }

  private void any(Node node, Any.Builder builder, ParseScope scope) {
    if (!(node instanceof MapNode map)) {
      scope.error(shown(node), "a map with @type");
      return;
    }
    Entry typeEntry = map.entries().get("@type");
    if (typeEntry == null || !(typeEntry.value() instanceof Scalar typeNode)) {
      scope.error("no @type", "type.googleapis.com/ and the name of a message");
      return;
    }
    String typeUrl = typeNode.text();
    Message prototype = extensions.get(typeUrl.substring(typeUrl.lastIndexOf('/') + 1));
    if (prototype == null) {
      unknownExtension(typeUrl, typeNode, scope);
      for (Map.Entry<String, Entry> entry : map.entries().entrySet()) {
        extensionsBelow(entry.getValue().value(), scope.field(entry.getKey()));
      }
      return;
    }
    Message.Builder content = prototype.newBuilderForType();
    Entry wrapped = map.entries().get("value");
    boolean special = prototype.getDescriptorForType().getFullName().startsWith("google.protobuf.");
    if (special && wrapped != null) {
      wellKnown(wrapped.value(), content, scope.field("value"));
    } else {
      message(map, content, scope, "@type");
    }
    builder.setTypeUrl(typeUrl).setValue(content.build().toByteString());
  }

  private static void unknownExtension(String typeUrl, Node node, ParseScope scope) {
    at(scope, node).error("extension " + typeUrl, "an extension that this proxy supports");
  }

  /** Names the extensions below a part that is refused as a whole. */
  private void extensionsBelow(Node node, ParseScope scope) {
    switch (node) {
      case MapNode map -> {
        for (Map.Entry<String, Entry> entry : map.entries().entrySet()) {
          Node value = entry.getValue().value();
          if (entry.getKey().equals("@type") && value instanceof Scalar type) {
            String typeUrl = type.text();
            if (!extensions.containsKey(typeUrl.substring(typeUrl.lastIndexOf('/') + 1))) {
              unknownExtension(typeUrl, type, scope);
            }
          }
          extensionsBelow(value, scope.field(entry.getKey()));
        }
      }
      case ListNode list -> {
        for (int i = 0; i < list.items().size(); i++) {
          extensionsBelow(
              list.items().get(i),
              new ParseScope(scope.origin(), scope.path() + "[" + i + "]", scope.out()));
        }
      }
      case Scalar _ -> {}
    }
  }

  private static Struct struct(MapNode map) {
    Struct.Builder struct = Struct.newBuilder();
    map.entries().forEach((key, entry) -> struct.putFields(key, value(entry.value())));
    return struct.build();
  }

  private static ListValue list(ListNode list) {
    List<Value> values = new ArrayList<>();
    for (Node item : list.items()) {
      values.add(value(item));
    }
    return ListValue.newBuilder().addAllValues(values).build();
  }

  private static Value value(Node node) {
    Value.Builder value = Value.newBuilder();
    switch (node) {
      case MapNode map -> value.setStructValue(struct(map));
      case ListNode list -> value.setListValue(list(list));
      case Scalar scalar -> {
        String text = scalar.text();
        if (scalar.isNull()) {
          value.setNullValue(NullValue.NULL_VALUE);
        } else if (scalar.plain() && (text.equals("true") || text.equals("false"))) {
          value.setBoolValue(text.equals("true"));
        } else if (scalar.plain() && text.matches("-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) {
          value.setNumberValue(Double.parseDouble(text));
        } else {
          value.setStringValue(text);
        }
      }
    }
    return value.build();
  }

  private static String shown(Node node) {
    return switch (node) {
      case MapNode _ -> "a map";
      case ListNode _ -> "a list";
      case Scalar scalar -> "\"" + scalar.text() + "\"";
    };
  }
}
