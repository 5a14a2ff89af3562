package io.meltemi.controlplane.translate;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import java.lang.reflect.InvocationTargetException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The message types of Envoy's API by name, for what stands packed in {@code Any} fields. Java's
 * class of a message has the message's own name behind a fixed prefix, so no list is needed. Any
 * thread.
 */
public final class EnvoyTypes {
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_]+(\\.[a-zA-Z0-9_]+)+");

  /** Prefix of message names to prefix of class names. */
  private static final Map<String, String> PACKAGES =
      Map.of(
          "envoy.", "io.envoyproxy.envoy.",
          "udpa.", "com.github.udpa.udpa.",
          "xds.", "com.github.xds.",
          "google.protobuf.", "com.google.protobuf.");

  private static final Map<String, Optional<Message>> FOUND = new ConcurrentHashMap<>();
  private static final int NAMES_MAX = 4_096;

  private EnvoyTypes() {}

  /**
   * The empty message of a type; nothing when Envoy's API has none of the name.
   *
   * @param typeUrl {@code type.googleapis.com/envoy.…}, or the name alone
   */
  public static Optional<Message> find(String typeUrl) {
    String name = typeUrl.substring(typeUrl.lastIndexOf('/') + 1);
    Optional<Message> known = FOUND.get(name);
    if (known != null) {
      return known;
    }
    Optional<Message> loaded = load(name);
    if (FOUND.size() < NAMES_MAX) {
      FOUND.put(name, loaded);
    }
    return loaded;
  }

  private static Optional<Message> load(String name) {
    if (!NAME.matcher(name).matches()) {
      return Optional.empty();
    }
    for (Map.Entry<String, String> prefix : PACKAGES.entrySet()) {
      if (name.startsWith(prefix.getKey())) {
        String className = prefix.getValue() + name.substring(prefix.getKey().length());
        return instance(className);
      }
    }
    return Optional.empty();
  }

  private static Optional<Message> instance(String className) {
    try {
      Class<?> type = Class.forName(className, false, EnvoyTypes.class.getClassLoader());
      if (Message.class.isAssignableFrom(type)) {
        return Optional.of((Message) type.getMethod("getDefaultInstance").invoke(null));
      }
    } catch (ClassNotFoundException
        | NoSuchMethodException
        | IllegalAccessException
        | InvocationTargetException
        | LinkageError _) {
      // no message of the name
    }
    return Optional.empty();
  }

  /** A registry of some types; names without a type are left out. */
  public static TypeRegistry registry(Collection<String> typeUrls) {
    TypeRegistry.Builder registry = TypeRegistry.newBuilder();
    typeUrls.forEach(url -> find(url).map(Message::getDescriptorForType).ifPresent(registry::add));
    return registry.build();
  }

  /** A registry of every type that is packed in a message, however deep. */
  public static TypeRegistry registryOf(Message message) {
    Set<String> urls = new LinkedHashSet<>();
    collect(message, urls);
    return registry(urls);
  }

  private static void collect(Message message, Set<String> urls) {
    if (message instanceof Any packed) {
      urls.add(packed.getTypeUrl());
      unpack(packed).ifPresent(inner -> collect(inner, urls));
      return;
    }
    for (Map.Entry<FieldDescriptor, Object> field : message.getAllFields().entrySet()) {
      if (field.getKey().getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
        if (field.getValue() instanceof List<?> list) {
          list.forEach(element -> collect((Message) element, urls));
        } else {
          collect((Message) field.getValue(), urls);
        }
      }
    }
  }

  /** The message inside; nothing when its type is unknown or its bytes are none of it. */
  public static Optional<Message> unpack(Any packed) {
    return find(packed.getTypeUrl())
        .flatMap(
            type -> {
              try {
                return Optional.of(type.getParserForType().parseFrom(packed.getValue()));
              } catch (InvalidProtocolBufferException _) {
                return Optional.empty();
              }
            });
  }
}
