package io.meltemi.proxy.parse;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a generated message class says of itself, without reflection. Protobuf's own ways, such as
 * {@code Any.unpack(Class)} and {@code getDescriptorForType()} of messages generated for its third
 * version, look up every accessor of the class, and the JVM keeps what was found: of all messages
 * of a bootstrap that is a tenth of a second and megabytes. Any thread.
 */
public final class MessageTypes {
  /** What the packages of classes have before those of their messages, longest first. */
  private static final List<String> PREFIXES =
      List.of("com.github.udpa.", "io.envoyproxy.", "com.github.", "com.");

  private static final ClassValue<Descriptor> DESCRIPTORS =
      new ClassValue<>() {
        @Override
        protected Descriptor computeValue(Class<?> type) {
          return (Descriptor) call(type, "getDescriptor", Descriptor.class);
        }
      };

  private MessageTypes() {}

  /** The descriptor of a generated message class. */
  public static Descriptor descriptor(Class<? extends Message> type) {
    return DESCRIPTORS.get(type);
  }

  /**
   * Descriptors of generated messages of Envoy's API by their full name. A class is initialised
   * when its descriptor is asked for, not before: a proxy uses few of those that it knows. So the
   * name is taken from the name of the class.
   *
   * @return for the caller to keep
   */
  public static Map<String, Supplier<Descriptor>> byName(List<Class<? extends Message>> types) {
    Map<String, Supplier<Descriptor>> byName = new HashMap<>();
    for (Class<? extends Message> type : types) {
      byName.put(fullName(type.getName()), () -> descriptor(type));
    }
    return byName;
  }

  private static String fullName(String className) {
    for (String prefix : PREFIXES) {
      if (className.startsWith(prefix)) {
        return className.substring(prefix.length());
      }
    }
    return className;
  }

  /** Whether an Any says that it holds a message of the type. */
  public static boolean holds(Any any, Class<? extends Message> type) {
    String url = any.getTypeUrl();
    return url.substring(url.lastIndexOf('/') + 1).equals(descriptor(type).getFullName());
  }

  /** A message in an Any, as {@code Any.pack} does it. */
  public static Any pack(Message message) {
    return Any.newBuilder()
        .setTypeUrl("type.googleapis.com/" + descriptor(message.getClass()).getFullName())
        .setValue(message.toByteString())
        .build();
  }

  /**
   * The message in an Any.
   *
   * @throws InvalidProtocolBufferException when it is of another type or cannot be read
   */
  public static <M extends Message> M unpack(Any any, Class<M> type)
      throws InvalidProtocolBufferException {
    if (!holds(any, type)) {
      throw new InvalidProtocolBufferException(
          "Type of the Any message does not match the given class.");
    }
    return type.cast(((Parser<?>) call(type, "parser", Parser.class)).parseFrom(any.getValue()));
  }

  @SuppressWarnings("CatchAllExceptions") // what a method handle may throw
  private static Object call(Class<?> type, String method, Class<?> returned) {
    try {
      MethodHandle handle =
          MethodHandles.publicLookup().findStatic(type, method, MethodType.methodType(returned));
      return handle.invoke();
    } catch (Throwable e) {
      throw new IllegalArgumentException(type.getName() + " (expected: a generated message)", e);
    }
  }
}
