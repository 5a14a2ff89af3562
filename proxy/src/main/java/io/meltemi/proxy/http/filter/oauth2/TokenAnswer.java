package io.meltemi.proxy.http.filter.oauth2;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What an authorization server answers; whoever answers may write anything.
 *
 * @param id empty for none
 * @param refresh empty for none
 * @param expiresSeconds {@link #NO_EXPIRY} when it says nothing
 */
record TokenAnswer(String access, String id, String refresh, long expiresSeconds) {
  static final long NO_EXPIRY = -1;
  private static final long BAD_EXPIRY = -2;
  private static final double SECONDS_MAX = 1e10;

  /** Null when it cannot be read; without an access token that one is empty. */
  static @Nullable TokenAnswer parse(String json) {
    Struct fields = object(json);
    if (fields == null) {
      return null;
    }
    String access = text(fields, "access_token");
    String id = text(fields, "id_token");
    String refresh = text(fields, "refresh_token");
    long expires = seconds(fields.getFieldsOrDefault("expires_in", Value.getDefaultInstance()));
    return access == null || id == null || refresh == null || expires == BAD_EXPIRY
        ? null
        : new TokenAnswer(access, id, refresh, expires);
  }

  /** An object of JSON; null when it is none. */
  static @Nullable Struct object(String json) {
    Struct.Builder fields = Struct.newBuilder();
    try {
      JsonFormat.parser().merge(json, fields);
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
    return fields.build();
  }

  /** Empty when there is none, null when it is no text. */
  private static @Nullable String text(Struct fields, String name) {
    Value value = fields.getFieldsOrDefault(name, Value.getDefaultInstance());
    return switch (value.getKindCase()) {
      case STRING_VALUE -> value.getStringValue();
      case NULL_VALUE, KIND_NOT_SET -> "";
      default -> null;
    };
  }

  private static long seconds(Value value) {
    return switch (value.getKindCase()) {
      case NUMBER_VALUE -> whole(value.getNumberValue());
      case STRING_VALUE -> {
        try {
          yield whole(Double.parseDouble(value.getStringValue()));
        } catch (NumberFormatException e) {
          yield BAD_EXPIRY;
        }
      }
      case NULL_VALUE, KIND_NOT_SET -> NO_EXPIRY;
      default -> BAD_EXPIRY;
    };
  }

  private static long whole(double number) {
    return number >= 0 && number <= SECONDS_MAX && number == Math.rint(number)
        ? (long) number
        : BAD_EXPIRY;
  }

  /**
   * When a token of three parts says that it expires, in seconds since 1970; 0 when it does not.
   */
  static long expiry(String token) {
    String[] parts = token.split("\\.", -1);
    Struct claims =
        parts.length == 3
            ? object(new String(Seal.decoded(parts[1]), StandardCharsets.UTF_8))
            : null;
    if (claims == null) {
      return 0;
    }
    Value value = claims.getFieldsOrDefault("exp", Value.getDefaultInstance());
    double seconds = value.hasNumberValue() ? value.getNumberValue() : 0;
    return seconds > 0 && seconds < SECONDS_MAX ? (long) seconds : 0;
  }
}
