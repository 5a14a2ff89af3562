package io.meltemi.proxy.bootstrap;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.DoubleValue;
import com.google.protobuf.FloatValue;
import com.google.protobuf.Int32Value;
import com.google.protobuf.Int64Value;
import com.google.protobuf.ListValue;
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
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import java.io.IOException;
import java.math.BigDecimal;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Encodes a document as a message by protobuf's JSON mapping, names in either spelling. Unlike
 * protobuf's own reader it goes on after an error, so that every problem is told at once, each with
 * its line. An {@code Any} of an unknown type is one error that names it.
 *
 * <p>It writes protobuf's binary form by the descriptors, which the message's own parser then
 * reads: setting the fields of a builder through its descriptor would look up every accessor of
 * every message by reflection, a tenth of a second of a proxy's start and megabytes kept for good.
 */
final class ProtoReader {
  private static final int BUFFER_BYTES = 256;
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

  private final Map<String, Supplier<Descriptor>> extensions;

  /**
   * @param extensions the messages that may stand in an {@code Any}, by full name
   */
  ProtoReader(Map<String, Supplier<Descriptor>> extensions) {
    this.extensions = extensions;
  }

  /** The document as a message of the type, in binary form; problems go to the scope. */
  ByteString read(Node node, Descriptor type, ParseScope scope) {
    return encode(node, type, at(scope, node), "");
  }

  private static ParseScope at(ParseScope scope, Node node) {
    Origin origin = scope.origin();
    return new ParseScope(origin.at(node.line(), node.column()), scope.path(), scope.out());
  }

  /**
   * @param skip a key that is no field, such as {@code @type}
   */
  private ByteString encode(Node node, Descriptor type, ParseScope scope, String skip) {
    ByteString.Output bytes = ByteString.newOutput();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes, BUFFER_BYTES);
    try {
      if (!skip.isEmpty() || !wellKnown(node, type, out, scope)) {
        message(node, type, out, scope, skip);
      }
      out.flush();
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory", e);
    }
    return bytes.toByteString();
  }

  private void message(
      Node node, Descriptor type, CodedOutputStream out, ParseScope scope, String skip)
      throws IOException {
    if (node instanceof Scalar scalar && scalar.isNull()) {
      return;
    }
    if (!(node instanceof MapNode map)) {
      scope.error(shown(node), "a map for " + type.getFullName());
      return;
    }
    Map<OneofDescriptor, FieldDescriptor> chosen = new HashMap<>();
    Set<FieldDescriptor> seen = new HashSet<>();
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
      if (value.value() instanceof Scalar scalar && scalar.isNull() && !isValue(field)) {
        continue;
      }
      OneofDescriptor oneof = field.getRealContainingOneof();
      FieldDescriptor other = oneof == null ? null : chosen.putIfAbsent(oneof, field);
      if (other != null) {
        there.error(
            "both " + other.getName() + " and " + field.getName(),
            "one of them: they exclude each other");
        continue;
      }
      if (!seen.add(field)) {
        there.error("field " + key + " again", "one spelling of " + field.getName());
        continue;
      }
      field(field, value.value(), out, there);
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
    Descriptor newer = NewerFields.companion(type.getFullName());
    return newer == null ? null : field(newer, key);
  }

  private void field(FieldDescriptor field, Node value, CodedOutputStream out, ParseScope scope)
      throws IOException {
    if (field.isMapField()) {
      mapField(field, value, out, scope);
    } else if (field.isRepeated()) {
      if (!(value instanceof ListNode list)) {
        at(scope, value).error(shown(value), "a list");
        return;
      }
      for (int i = 0; i < list.items().size(); i++) {
        Node item = list.items().get(i);
        ParseScope itemScope =
            at(new ParseScope(scope.origin(), scope.path() + "[" + i + "]", scope.out()), item);
        value(field, item, out, itemScope);
      }
    } else {
      value(field, value, out, at(scope, value));
    }
  }

  private static boolean isValue(FieldDescriptor field) {
    return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
        && field.getMessageType().getFullName().equals(Value.getDescriptor().getFullName());
  }

  private void mapField(FieldDescriptor field, Node value, CodedOutputStream out, ParseScope scope)
      throws IOException {
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
      ByteString.Output bytes = ByteString.newOutput();
      CodedOutputStream pair = CodedOutputStream.newInstance(bytes, BUFFER_BYTES);
      Scalar key = new Scalar(entry.getKey(), true, item.line(), item.column());
      boolean hasKey = value(keyField, key, pair, itemScope);
      boolean hasValue = value(valueField, item, pair, itemScope);
      pair.flush();
      if (hasKey && hasValue) {
        out.writeBytes(field.getNumber(), bytes.toByteString());
      }
    }
  }

  /** Writes a field once; false when there is nothing to be written, which is an error. */
  private boolean value(FieldDescriptor field, Node node, CodedOutputStream out, ParseScope scope)
      throws IOException {
    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
      if (field.getType() == FieldDescriptor.Type.GROUP) {
        scope.error(field.getName(), "a field that is no group");
        return false;
      }
      out.writeBytes(field.getNumber(), encode(node, field.getMessageType(), scope, ""));
      return true;
    }
    if (!(node instanceof Scalar scalar)) {
      scope.error(shown(node), "a single value");
      return false;
    }
    Object value = scalar(field, scalar, scope);
    if (value == null) {
      return false;
    }
    // a field without presence is not set by its default: merged over another, it changes nothing
    if (field.isRepeated() || field.hasPresence() || !value.equals(field.getDefaultValue())) {
      write(field.getType(), field.getNumber(), value, out);
    }
    return true;
  }

  private static void write(
      FieldDescriptor.Type type, int number, Object value, CodedOutputStream out)
      throws IOException {
    switch (type) {
      case DOUBLE -> out.writeDouble(number, (Double) value);
      case FLOAT -> out.writeFloat(number, (Float) value);
      case INT64 -> out.writeInt64(number, (Long) value);
      case UINT64 -> out.writeUInt64(number, (Long) value);
      case SINT64 -> out.writeSInt64(number, (Long) value);
      case FIXED64 -> out.writeFixed64(number, (Long) value);
      case SFIXED64 -> out.writeSFixed64(number, (Long) value);
      case INT32 -> out.writeInt32(number, (Integer) value);
      case UINT32 -> out.writeUInt32(number, (Integer) value);
      case SINT32 -> out.writeSInt32(number, (Integer) value);
      case FIXED32 -> out.writeFixed32(number, (Integer) value);
      case SFIXED32 -> out.writeSFixed32(number, (Integer) value);
      case BOOL -> out.writeBool(number, (Boolean) value);
      case STRING -> out.writeString(number, (String) value);
      case BYTES -> out.writeBytes(number, (ByteString) value);
      case ENUM -> out.writeEnum(number, ((EnumValueDescriptor) value).getNumber());
      case GROUP, MESSAGE -> throw new IllegalArgumentException(type.name());
    }
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
    if (isShort(text)) {
      int number = Integer.parseInt(text);
      return isInt ? (Object) number : (Object) (long) number;
    }
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

  /**
   * Up to nine digits: what fits every type, without the big numbers, whose class is slow to load.
   */
  private static boolean isShort(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return !text.isEmpty() && text.length() <= 9;
  }

  /** Writes the messages that have a JSON form of their own; false when this is none of them. */
  private boolean wellKnown(
      Node node, Descriptor descriptor, CodedOutputStream out, ParseScope scope)
      throws IOException {
    String type = descriptor.getFullName();
    if (!type.startsWith("google.protobuf.")) {
      return false;
    }
    if (WRAPPERS.contains(type)) {
      value(descriptor.findFieldByNumber(1), node, out, scope);
      return true;
    }
    switch (type) {
      case "google.protobuf.Any" -> any(node, out, scope);
      case "google.protobuf.Struct" -> {
        if (node instanceof MapNode map) {
          struct(map).writeTo(out);
        } else {
          scope.error(shown(node), "a map");
        }
      }
      case "google.protobuf.Value" -> value(node).writeTo(out);
      case "google.protobuf.ListValue" -> {
        if (node instanceof ListNode list) {
          list(list).writeTo(out);
        } else {
          scope.error(shown(node), "a list");
        }
      }
      case "google.protobuf.Duration" -> duration(node, out, scope);
      case "google.protobuf.Timestamp" -> timestamp(node, out, scope);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void duration(Node node, CodedOutputStream out, ParseScope scope)
      throws IOException {
    if (node instanceof Scalar scalar) {
      try {
        Durations.parse(scalar.text()).writeTo(out);
        return;
      } catch (ParseException e) {
        // falls through to the one complaint
      }
    }
    scope.error(shown(node), "a duration in seconds such as 0.25s");
  }

  private static void timestamp(Node node, CodedOutputStream out, ParseScope scope)
      throws IOException {
    if (node instanceof Scalar scalar) {
      try {
        Timestamps.parse(scalar.text()).writeTo(out);
        return;
      } catch (ParseException e) {
        // falls through to the one complaint
      }
    }
    scope.error(shown(node), "a time such as 2026-01-01T00:00:00Z");
  }

  private void any(Node node, CodedOutputStream out, ParseScope scope) throws IOException {
    if (!(node instanceof MapNode map)) {
      scope.error(shown(node), "a map with @type");
      return;
    }
    if (map.entries().isEmpty()) {
      // an empty Any is one, and enables a filter for a route
      return;
    }
    Entry typeEntry = map.entries().get("@type");
    if (typeEntry == null || !(typeEntry.value() instanceof Scalar typeNode)) {
      scope.error("no @type", "type.googleapis.com/ and the name of a message");
      return;
    }
    String typeUrl = typeNode.text();
    Supplier<Descriptor> known = extensions.get(typeUrl.substring(typeUrl.lastIndexOf('/') + 1));
    if (known == null) {
      unknownExtension(typeUrl, typeNode, scope);
      for (Map.Entry<String, Entry> entry : map.entries().entrySet()) {
        extensionsBelow(entry.getValue().value(), scope.field(entry.getKey()));
      }
      return;
    }
    Descriptor type = known.get();
    Entry wrapped = map.entries().get("value");
    boolean special = type.getFullName().startsWith("google.protobuf.");
    ByteString content =
        special && wrapped != null
            ? encode(wrapped.value(), type, scope.field("value"), "")
            : encode(map, type, scope, "@type");
    Any.newBuilder().setTypeUrl(typeUrl).setValue(content).build().writeTo(out);
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
