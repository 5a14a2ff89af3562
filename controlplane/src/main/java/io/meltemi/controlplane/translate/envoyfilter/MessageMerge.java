package io.meltemi.controlplane.translate.envoyfilter;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import io.meltemi.controlplane.translate.EnvoyTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Merges a part into a message: single values replace, messages merge field by field, entries of
 * maps replace those of the same key, lists are appended to. A packed message merges with one of
 * the same type and replaces any other; a duration is one value.
 */
final class MessageMerge {
  private final boolean replaceLists;

  /**
   * Merges in one of the two ways.
   *
   * @param replaceLists lists of the part replace those of the message
   */
  MessageMerge(boolean replaceLists) {
    this.replaceLists = replaceLists;
  }

  @SuppressWarnings("unchecked") // a builder builds what it was made from
  <M extends Message> M merge(M message, Message part) {
    Message.Builder result = message.toBuilder();
    part.getAllFields().forEach((field, value) -> set(result, field, value));
    return (M) result.build();
  }

  private void set(Message.Builder result, FieldDescriptor field, Object value) {
    if (field.isMapField()) {
      setMap(result, field, (List<?>) value);
    } else if (field.isRepeated()) {
      if (replaceLists) {
        result.clearField(field);
      }
      ((List<?>) value).forEach(element -> result.addRepeatedField(field, element));
    } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && result.hasField(field)) {
      result.setField(field, nested((Message) result.getField(field), (Message) value));
    } else {
      result.setField(field, value);
    }
  }

  private static void setMap(Message.Builder result, FieldDescriptor field, List<?> added) {
    Map<Object, Object> entries = new LinkedHashMap<>();
    for (Object entry : (List<?>) result.getField(field)) {
      entries.put(((MapEntry<?, ?>) entry).getKey(), entry);
    }
    added.forEach(entry -> entries.put(((MapEntry<?, ?>) entry).getKey(), entry));
    result.setField(field, new ArrayList<>(entries.values()));
  }

  private Message nested(Message present, Message part) {
    if (present instanceof Any below && part instanceof Any above) {
      return any(below, above);
    }
    return part instanceof Duration ? part : merge(present, part);
  }

  /** The packed message with the part merged in, when both are of one known type. */
  Any any(Any below, Any above) {
    if (!below.getTypeUrl().equals(above.getTypeUrl())) {
      return above;
    }
    Optional<Message> present = EnvoyTypes.unpack(below);
    Optional<Message> part = EnvoyTypes.unpack(above);
    return present.isPresent() && part.isPresent()
        ? below.toBuilder().setValue(merge(present.get(), part.get()).toByteString()).build()
        : above;
  }
}
