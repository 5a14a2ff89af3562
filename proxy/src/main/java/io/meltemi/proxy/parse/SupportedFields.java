package io.meltemi.proxy.parse;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The fields of one message type that its parser consumes. Every other field that is set is an
 * error naming its path, so that no part of a configuration is ever dropped in silence. Covers one
 * level: the parser of a nested message has its own list.
 *
 * <p>Made once per parser as a constant; a name that the message type does not have is a bug and
 * fails at once. Immutable; any thread.
 */
public final class SupportedFields {
  private final Descriptor type;

  /** By field number; the value is the reason why the field has no effect, empty when it has. */
  private final Map<Integer, String> supported;

  private SupportedFields(Descriptor type, Map<Integer, String> supported) {
    this.type = type;
    this.supported = supported;
  }

  /**
   * @param type message type, as in {@code Listener.getDescriptor()}
   * @param fields proto names of the fields that the parser consumes, {@link NewerFields} among
   *     them
   */
  public static SupportedFields of(Descriptor type, String... fields) {
    return new SupportedFields(type, Map.of()).with("", fields);
  }

  /**
   * Also lets fields pass that change nothing here; each set one becomes a warning.
   *
   * @param reason what happens instead, as the "expected" part of the warning
   */
  public SupportedFields withoutEffect(String reason, String... fields) {
    if (reason.isEmpty()) {
      throw new IllegalArgumentException("reason is empty");
    }
    return with(reason, fields);
  }

  private SupportedFields with(String reason, String... fields) {
    Map<Integer, String> all = new LinkedHashMap<>(supported);
    for (String name : fields) {
      FieldDescriptor field = type.findFieldByName(name);
      int number = field == null ? NewerFields.number(type.getFullName(), name) : field.getNumber();
      if (number == 0) {
        throw new IllegalArgumentException(
            "field: "
                + name
                + " (expected: one of "
                + Arrays.toString(
                    type.getFields().stream().map(FieldDescriptor::getName).toArray(String[]::new))
                + ")");
      }
      all.put(number, reason);
    }
    return new SupportedFields(type, Map.copyOf(all));
  }

  /**
   * Reports every set field of the message that is not in this list.
   *
   * @return true when there was none
   */
  public boolean check(Message message, ParseScope scope) {
    if (MessageTypes.descriptor(message.getClass()) != type) {
      throw new IllegalArgumentException(
          "message: " + message.getClass().getName() + " (expected: " + type.getFullName() + ")");
    }
    return isPlain(message) || report(message, scope);
  }

  /**
   * Whether nothing is to be reported, by the field numbers of the binary form. The message's own
   * table of its set fields is filled by reflection, which costs a proxy that starts a good part of
   * its time and memory; so only a message with something to report is asked for it.
   */
  private boolean isPlain(Message message) {
    if (!message.getUnknownFields().isEmpty()) {
      return false;
    }
    CodedInputStream in = message.toByteString().newCodedInput();
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        String reason = supported.get(WireFormat.getTagFieldNumber(tag));
        if (reason == null || !reason.isEmpty() || !in.skipField(tag)) {
          return false;
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("not read back: " + type.getFullName(), e);
    }
    return true;
  }

  private boolean report(Message message, ParseScope scope) {
    boolean clean = true;
    for (FieldDescriptor field : reportable()) {
      if (!isSet(message, field)) {
        continue;
      }
      String found = describe(field, message.getField(field));
      String reason = supported.get(field.getNumber());
      if (reason == null) {
        scope.field(field.getName()).unsupported(found);
        clean = false;
      } else {
        scope.field(field.getName()).warn(found, reason);
      }
    }
    UnknownFieldSet unknown = message.getUnknownFields();
    if (unknown.isEmpty()) {
      return clean;
    }
    for (int number : unknown.asMap().keySet()) {
      String name = NewerFields.name(type.getFullName(), number);
      String reason = supported.get(number);
      if (reason != null) {
        if (!reason.isEmpty() && name != null) {
          scope.field(name).warn("set", reason);
        }
        continue;
      }
      if (name != null) {
        scope.field(name).unsupported("set");
      } else {
        scope
            .field("#" + number)
            .error(
                "field number " + number + " of " + type.getFullName(),
                "a field known to this version");
      }
      clean = false;
    }
    return clean;
  }

  /** Fields that are reported when set, by ascending number: the others need no look. */
  private List<FieldDescriptor> reportable() {
    return type.getFields().stream()
        .filter(field -> !"".equals(supported.get(field.getNumber())))
        .sorted(Comparator.comparingInt(FieldDescriptor::getNumber))
        .toList();
  }

  private static boolean isSet(Message message, FieldDescriptor field) {
    return field.isRepeated() ? message.getRepeatedFieldCount(field) > 0 : message.hasField(field);
  }

  private static String describe(FieldDescriptor field, Object value) {
    if (field.isRepeated()) {
      return value instanceof java.util.List<?> list ? list.size() + " element(s)" : "set";
    }
    if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
      return "set";
    }
    return String.valueOf(value);
  }
}
