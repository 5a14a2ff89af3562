package io.meltemi.proxy.parse;

import com.github.udpa.udpa.type.v1.TypedStruct;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import java.util.Map;
import java.util.Optional;

/**
 * Configurations of types that only their filter knows, written as a struct with the type's name
 * ({@code udpa.type.v1.TypedStruct}, {@code xds.type.v3.TypedStruct}). Any thread.
 */
public final class TypedStructs {
  private static final String UDPA = "type.googleapis.com/udpa.type.v1.TypedStruct";
  private static final String XDS = "type.googleapis.com/xds.type.v3.TypedStruct";

  private TypedStructs() {}

  /** The type that a configuration is of: the inner one of a struct. */
  public static String typeUrl(Any config) {
    String url = config.getTypeUrl();
    if (!url.equals(UDPA) && !url.equals(XDS)) {
      return url;
    }
    try {
      // both messages have the same fields under the same numbers
      return TypedStruct.parseFrom(config.getValue()).getTypeUrl();
    } catch (InvalidProtocolBufferException e) {
      return url;
    }
  }

  /**
   * The fields, in the form that {@link Metadata#filters} has; empty, with an error here, for a
   * configuration that is no struct.
   */
  public static Optional<Map<String, Object>> fields(Any config, ParseScope scope) {
    if (config.getTypeUrl().equals(UDPA) || config.getTypeUrl().equals(XDS)) {
      try {
        Struct value = TypedStruct.parseFrom(config.getValue()).getValue();
        return Optional.of(Metadata.fields(value));
      } catch (InvalidProtocolBufferException e) {
        scope.error(config.getTypeUrl(), "a well-formed TypedStruct: " + e.getMessage());
        return Optional.empty();
      }
    }
    scope.error(config.getTypeUrl(), "a TypedStruct of that type");
    return Optional.empty();
  }
}
