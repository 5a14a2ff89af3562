package io.meltemi.proxy.http.filter.jwtauthn;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.ListValue;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.proxy.parse.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A token taken apart, not yet verified.
 *
 * @param payloadText as it stood in the token
 * @param signed what the signature is of
 */
record Jwt(
    Map<String, Object> header,
    Map<String, Object> payload,
    String payloadText,
    String signed,
    Signature signature) {
  private static final Set<String> ALGORITHMS =
      Set.of(
          "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256",
          "HS384", "HS512", "EdDSA");

  /** The bytes of a signature. */
  static final class Signature {
    private final byte[] bytes;

    Signature(byte[] bytes) {
      this.bytes = bytes;
    }

    byte[] bytes() {
      return bytes;
    }
  }

  /** Why a text is no token. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;
    private final JwtStatus status;

    Malformed(JwtStatus status) {
      super(status.text(), null, false, false);
      this.status = status;
    }

    JwtStatus status() {
      return status;
    }
  }

  static Jwt parse(String token) throws Malformed {
    int first = token.indexOf('.');
    int second = first < 0 ? -1 : token.indexOf('.', first + 1);
    if (second < 0 || token.indexOf('.', second + 1) >= 0) {
      throw new Malformed(JwtStatus.BAD_FORMAT);
    }
    Map<String, Object> header =
        json(decode(token.substring(0, first), JwtStatus.HEADER_BASE64), JwtStatus.HEADER_JSON);
    if (!(header.get("alg") instanceof String algorithm)) {
      throw new Malformed(JwtStatus.HEADER_ALG);
    }
    if (!ALGORITHMS.contains(algorithm)) {
      throw new Malformed(JwtStatus.HEADER_ALG_UNKNOWN);
    }
    text(header, "kid", JwtStatus.HEADER_KID);
    String payloadText = token.substring(first + 1, second);
    Map<String, Object> payload =
        json(decode(payloadText, JwtStatus.PAYLOAD_BASE64), JwtStatus.PAYLOAD_JSON);
    text(payload, "iss", JwtStatus.PAYLOAD_ISS);
    text(payload, "sub", JwtStatus.PAYLOAD_SUB);
    number(payload, "iat", JwtStatus.PAYLOAD_IAT);
    number(payload, "nbf", JwtStatus.PAYLOAD_NBF);
    number(payload, "exp", JwtStatus.PAYLOAD_EXP);
    text(payload, "jti", JwtStatus.PAYLOAD_JTI);
    audiences(payload);
    return new Jwt(
        header,
        payload,
        payloadText,
        token.substring(0, second),
        new Signature(decode(token.substring(second + 1), JwtStatus.SIGNATURE_BASE64)));
  }

  private static byte[] decode(String text, JwtStatus otherwise) throws Malformed {
    try {
      return Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new Malformed(otherwise);
    }
  }

  private static Map<String, Object> json(byte[] bytes, JwtStatus otherwise) throws Malformed {
    try {
      // in a list, because the parser overlooks what follows a value
      ListValue.Builder list = ListValue.newBuilder();
      JsonFormat.parser().merge("[" + new String(bytes, StandardCharsets.UTF_8) + "]", list);
      if (list.getValuesCount() != 1 || !list.getValues(0).hasStructValue()) {
        throw new Malformed(otherwise);
      }
      return Metadata.fields(list.getValues(0).getStructValue());
    } catch (InvalidProtocolBufferException e) {
      throw new Malformed(otherwise);
    }
  }

  private static void text(Map<String, Object> fields, String name, JwtStatus otherwise)
      throws Malformed {
    Object value = fields.get(name);
    if (value != null && !(value instanceof String)) {
      throw new Malformed(otherwise);
    }
  }

  private static void number(Map<String, Object> fields, String name, JwtStatus otherwise)
      throws Malformed {
    Object value = fields.get(name);
    if (value != null && !(value instanceof Double number && number >= 0)) {
      throw new Malformed(otherwise);
    }
  }

  private static List<String> audiences(Map<String, Object> payload) throws Malformed {
    Object value = payload.get("aud");
    if (value == null) {
      return List.of();
    }
    if (value instanceof String one) {
      return List.of(one);
    }
    if (!(value instanceof List<?> list)) {
      throw new Malformed(JwtStatus.PAYLOAD_AUD);
    }
    List<String> all = new ArrayList<>(list.size());
    for (Object item : list) {
      if (!(item instanceof String text)) {
        throw new Malformed(JwtStatus.PAYLOAD_AUD);
      }
      all.add(text);
    }
    return all;
  }

  List<String> audiences() {
    try {
      return audiences(payload);
    } catch (Malformed e) {
      throw new IllegalStateException("looked at before", e);
    }
  }

  String algorithm() {
    return String.valueOf(header.get("alg"));
  }

  /** Empty for none. */
  String keyId() {
    return header.get("kid") instanceof String id ? id : "";
  }

  /** Empty for none. */
  String issuer() {
    return payload.get("iss") instanceof String text ? text : "";
  }

  /** Empty for none. */
  String subject() {
    return payload.get("sub") instanceof String text ? text : "";
  }

  /** Seconds; 0 for none. */
  long seconds(String claim) {
    return payload.get(claim) instanceof Double number ? number.longValue() : 0;
  }

  /** A claim by a path whose parts are divided by dots; null when there is none. */
  @Nullable Object claim(String path) {
    Object value = payload;
    for (String part : path.split("\\.", -1)) {
      value = value instanceof Map<?, ?> map ? map.get(part) : null;
    }
    return value;
  }
}
