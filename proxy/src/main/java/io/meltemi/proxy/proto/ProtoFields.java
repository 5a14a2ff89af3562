package io.meltemi.proxy.proto;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import java.util.List;
import java.util.Map;

/** Finds the fields of a message that are set although nobody reads them. */
public final class ProtoFields {
  private ProtoFields() {}

  /**
   * Adds an error for every set field that is not among the supported ones.
   *
   * @param path field path of the message, empty for the resource itself
   * @param supported proto names, such as {@code connect_timeout}
   */
  public static void refuseOthers(
      Validation.Collector problems,
      Origin origin,
      String path,
      Message message,
      String... supported) {
    List<String> known = List.of(supported);
    for (Map.Entry<FieldDescriptor, Object> field : message.getAllFields().entrySet()) {
      String name = field.getKey().getName();
      if (!known.contains(name)) {
        problems.error(
            origin,
            join(path, name),
            text(field.getKey(), field.getValue()),
            "not set: unsupported");
      }
    }
    if (!message.getUnknownFields().isEmpty()) {
      problems.error(
          origin,
          path,
          "unknown field numbers " + message.getUnknownFields().asMap().keySet(),
          "only fields of " + message.getDescriptorForType().getFullName());
    }
  }

  /** {@code path.name}, or the name alone for an empty path. */
  public static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private static String text(FieldDescriptor field, Object value) {
    if (field.isRepeated()) {
      return ((List<?>) value).size() + " entries";
    }
    if (value instanceof com.google.protobuf.Any any) {
      return any.getTypeUrl();
    }
    if (value instanceof Message message) {
      FieldDescriptor name = message.getDescriptorForType().findFieldByName("name");
      if (name != null && message.getField(name) instanceof String text && !text.isEmpty()) {
        return text;
      }
      return message.getDescriptorForType().getName();
    }
    return value.toString();
  }
}
