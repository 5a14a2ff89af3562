package io.meltemi.proxy.admin;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.Value;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Blackens what a dump must not show, as Envoy does: texts become {@code [redacted]}. An {@code
 * Any} that this proxy cannot read becomes a {@code Struct} of its type and its size: what of its
 * bytes is secret cannot be told.
 */
final class Redaction {
  private static final String BLACK = "[redacted]";
  private static final String TLS = "envoy.extensions.transport_sockets.tls.v3.";

  /** Message type to its fields marked sensitive in Envoy's API. */
  private static final Map<String, Set<String>> SENSITIVE =
      Map.of(
          TLS + "TlsCertificate", Set.of("private_key", "password", "pkcs12"),
          TLS + "TlsSessionTicketKeys", Set.of("keys"),
          TLS + "GenericSecret", Set.of("secret", "secrets"),
          TLS + "PrivateKeyProvider", Set.of("typed_config"));

  private final TypeRegistry types;

  Redaction(TypeRegistry types) {
    this.types = types;
  }

  /**
   * @throws InvalidProtocolBufferException when a message within is malformed
   */
  Message apply(Message message) throws InvalidProtocolBufferException {
    return apply(message, false);
  }

  private Message apply(Message message, boolean all) throws InvalidProtocolBufferException {
    if (message.getDescriptorForType().equals(Any.getDescriptor())) {
      return any(Any.parseFrom(message.toByteString()), all);
    }
    Message.Builder result = message.toBuilder();
    Set<String> sensitive =
        SENSITIVE.getOrDefault(message.getDescriptorForType().getFullName(), Set.of());
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      boolean black = all || sensitive.contains(field.getName());
      if (field.isRepeated()) {
        List<?> values = (List<?>) entry.getValue();
        for (int i = 0; i < values.size(); i++) {
          result.setRepeatedField(field, i, value(values.get(i), black));
        }
      } else {
        result.setField(field, value(entry.getValue(), black));
      }
    }
    return result.build();
  }

  private Object value(Object value, boolean black) throws InvalidProtocolBufferException {
    if (value instanceof Message message) {
      return apply(message, black);
    }
    if (!black) {
      return value;
    }
    if (value instanceof String) {
      return BLACK;
    }
    return value instanceof ByteString ? ByteString.copyFromUtf8(BLACK) : value;
  }

  private Any any(Any any, boolean all) throws InvalidProtocolBufferException {
    Descriptor type = type(any.getTypeUrl());
    if (type == null) {
      return unread(any, "not a type of this proxy");
    }
    DynamicMessage inner;
    try {
      inner = DynamicMessage.parseFrom(type, any.getValue());
    } catch (InvalidProtocolBufferException e) {
      return unread(any, "not a well-formed message of its type");
    }
    return any.toBuilder().setValue(apply(inner, all).toByteString()).build();
  }

  private @Nullable Descriptor type(String url) {
    try {
      return types.getDescriptorForTypeUrl(url);
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /** What cannot be printed is named, so that the rest can be. */
  private static Any unread(Any any, String why) {
    return Any.pack(
        Struct.newBuilder()
            .putFields("@type", text(any.getTypeUrl()))
            .putFields("note", text(why + "; " + any.getValue().size() + " bytes are not shown"))
            .build());
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }
}
