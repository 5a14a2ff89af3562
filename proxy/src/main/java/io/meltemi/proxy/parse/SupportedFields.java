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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one message type that its parser consumes. Every other field that is set is an
 * error naming its path, so that no part of a configuration is ever dropped in silence. Covers one
 * level: the parser of a nested message has its own list.
 *
 * <p>Made once per parser as a constant. The message class is initialised when the first message is
 * checked, not before: a proxy has parsers for far more than it is configured with, and descriptors
 * are a good part of what a start costs. A name that the message type does not have is a bug and
 * fails then. Immutable; any thread.
 */
public final class SupportedFields {
  private final Supplier<Descriptor> type;

  /** By proto name; the value is the reason why the field has no effect, empty when it has. */
  private final Map<String, String> named;

  private volatile @Nullable Resolved resolved;

  /** The same by field number. */
  private record Resolved(Descriptor type, Map<Integer, String> supported) {}

  private SupportedFields(Supplier<Descriptor> type, Map<String, String> named) {
    this.type = type;
    this.named = named;
  }

  /**
   * @param type class of the messages
   * @param fields proto names of the fields that the parser consumes, {@link NewerFields} among
   *     them
   */
  public static SupportedFields of(Class<? extends Message> type, String... fields) {
    return new SupportedFields(() -> MessageTypes.descriptor(type), Map.of()).with("", fields);
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
    Map<String, String> all = new LinkedHashMap<>(named);
    for (String name : fields) {
      all.put(name, reason);
    }
    return new SupportedFields(type, all);
  }

  private Resolved resolved() {
    Resolved known = resolved;
    if (known == null) {
      Descriptor descriptor = type.get();
      Map<Integer, String> supported = new HashMap<>();
      named.forEach((name, reason) -> supported.put(number(descriptor, name), reason));
      known = new Resolved(descriptor, Map.copyOf(supported));
      resolved = known;
    }
    return known;
  }

  private static int number(Descriptor type, String name) {
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
    return number;
  }

  /**
   * Reports every set field of the message that is not in this list.
   *
   * @return true when there was none
   */
  public boolean check(Message message, ParseScope scope) {
    Resolved fields = resolved();
    if (MessageTypes.descriptor(message.getClass()) != fields.type()) {
      throw new IllegalArgumentException(
          "message: "
              + message.getClass().getName()
              + " (expected: "
              + fields.type().getFullName()
              + ")");
    }
    return isPlain(message, fields) || report(message, fields, scope);
  }

  /**
   * Whether nothing is to be reported, by the field numbers of the binary form. The message's own
   * table of its set fields is filled by reflection, which costs a proxy that starts a good part of
   * its time and memory; so only a message with something to report is asked for it.
   */
  private static boolean isPlain(Message message, Resolved fields) {
    if (!message.getUnknownFields().isEmpty()) {
      return false;
    }
    CodedInputStream in = message.toByteString().newCodedInput();
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        String reason = fields.supported().get(WireFormat.getTagFieldNumber(tag));
        if (reason == null || !reason.isEmpty() || !in.skipField(tag)) {
          return false;
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("not read back: " + fields.type().getFullName(), e);
    }
    return true;
  }

  private static boolean report(Message message, Resolved fields, ParseScope scope) {
    boolean clean = true;
    for (FieldDescriptor field : reportable(fields)) {
      if (!isSet(message, field)) {
        continue;
      }
      String found = describe(field, message.getField(field));
      String reason = fields.supported().get(field.getNumber());
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
      String name = NewerFields.name(fields.type().getFullName(), number);
      String reason = fields.supported().get(number);
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
                "field number " + number + " of " + fields.type().getFullName(),
                "a field known to this version");
      }
      clean = false;
    }
    return clean;
  }

  /** Fields that are reported when set, by ascending number: the others need no look. */
  private static List<FieldDescriptor> reportable(Resolved fields) {
    return fields.type().getFields().stream()
        .filter(field -> !"".equals(fields.supported().get(field.getNumber())))
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
