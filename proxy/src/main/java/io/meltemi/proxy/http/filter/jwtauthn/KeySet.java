package io.meltemi.proxy.http.filter.jwtauthn;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.proxy.parse.Metadata;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The keys of a JSON Web Key Set (RFC 7517). Immutable; keys of unknown kinds are left out. */
final class KeySet {
  /** What precedes the 32 bytes of an Ed25519 key in its X.509 form (RFC 8410). */
  private static final byte[] ED25519_PREFIX = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00
  };

  private static final int KEYS_MAX = 1000;

  /** One key; the secret kind signs and verifies alike. */
  private sealed interface Material {
    record Public(PublicKey key) implements Material {}

    record Secret(SecretKeySpec key) implements Material {}
  }

  /**
   * @param algorithm empty for any of its kind
   * @param curve of an elliptic curve; empty for others
   */
  private record Key(String type, String id, String algorithm, String curve, Material material) {}

  private final List<Key> keys;

  private KeySet(List<Key> keys) {
    this.keys = List.copyOf(keys);
  }

  /** Empty when it is no key set or has no key that can be used. */
  static Optional<KeySet> parse(String json) {
    Map<String, Object> fields;
    try {
      Struct.Builder struct = Struct.newBuilder();
      JsonFormat.parser().merge(json, struct);
      fields = Metadata.fields(struct.build());
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty();
    }
    if (!(fields.get("keys") instanceof List<?> list) || list.size() > KEYS_MAX) {
      return Optional.empty();
    }
    List<Key> keys = new ArrayList<>();
    for (Object item : list) {
      if (item instanceof Map<?, ?> key) {
        key(key).ifPresent(keys::add);
      }
    }
    return keys.isEmpty() ? Optional.empty() : Optional.of(new KeySet(keys));
  }

  private static String text(Map<?, ?> fields, String name) {
    return fields.get(name) instanceof String text ? text : "";
  }

  private static byte[] bytes(Map<?, ?> fields, String name) {
    return Base64.getUrlDecoder().decode(text(fields, name));
  }

  private static Optional<Key> key(Map<?, ?> fields) {
    String type = text(fields, "kty");
    String curve = text(fields, "crv");
    try {
      Material material =
          switch (type) {
            case "RSA" ->
                new Material.Public(
                    KeyFactory.getInstance("RSA")
                        .generatePublic(
                            new RSAPublicKeySpec(
                                new BigInteger(1, bytes(fields, "n")),
                                new BigInteger(1, bytes(fields, "e")))));
            case "EC" -> new Material.Public(elliptic(fields, curve));
            case "OKP" -> new Material.Public(edwards(fields, curve));
            case "oct" -> new Material.Secret(new SecretKeySpec(bytes(fields, "k"), "HMAC"));
            default -> throw new GeneralSecurityException("kty: " + type);
          };
      return Optional.of(new Key(type, text(fields, "kid"), text(fields, "alg"), curve, material));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static PublicKey elliptic(Map<?, ?> fields, String curve)
      throws GeneralSecurityException {
    String name =
        switch (curve) {
          case "P-256" -> "secp256r1";
          case "P-384" -> "secp384r1";
          case "P-521" -> "secp521r1";
          default -> throw new GeneralSecurityException("crv: " + curve);
        };
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec(name));
    return KeyFactory.getInstance("EC")
        .generatePublic(
            new ECPublicKeySpec(
                new ECPoint(
                    new BigInteger(1, bytes(fields, "x")), new BigInteger(1, bytes(fields, "y"))),
                parameters.getParameterSpec(ECParameterSpec.class)));
  }

  private static PublicKey edwards(Map<?, ?> fields, String curve) throws GeneralSecurityException {
    byte[] raw = bytes(fields, "x");
    if (!curve.equals("Ed25519") || raw.length != 32) {
      throw new GeneralSecurityException("crv: " + curve);
    }
    byte[] encoded = new byte[ED25519_PREFIX.length + raw.length];
    System.arraycopy(ED25519_PREFIX, 0, encoded, 0, ED25519_PREFIX.length);
    System.arraycopy(raw, 0, encoded, ED25519_PREFIX.length, raw.length);
    return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
  }

  /** Whether a key signed the token; keys are chosen by id, algorithm and kind, as in Envoy. */
  JwtStatus verify(Jwt jwt) {
    boolean tried = false;
    byte[] signed = jwt.signed().getBytes(StandardCharsets.ISO_8859_1);
    for (Key key : keys) {
      if ((!jwt.keyId().isEmpty() && !key.id().isEmpty() && !jwt.keyId().equals(key.id()))
          || (!key.algorithm().isEmpty() && !key.algorithm().equals(jwt.algorithm()))
          || !fits(key, jwt.algorithm())) {
        continue;
      }
      tried = true;
      if (isSigned(key, jwt.algorithm(), signed, jwt.signature().bytes())) {
        return JwtStatus.OK;
      }
    }
    return tried ? JwtStatus.VERIFICATION : JwtStatus.NO_KEY;
  }

  private static boolean fits(Key key, String algorithm) {
    return switch (algorithm) {
      case "ES256" -> key.curve().equals("P-256");
      case "ES384" -> key.curve().equals("P-384");
      case "ES512" -> key.curve().equals("P-521");
      case "EdDSA" -> key.type().equals("OKP");
      default -> algorithm.startsWith("HS") ? key.type().equals("oct") : key.type().equals("RSA");
    };
  }

  private static boolean isSigned(Key key, String algorithm, byte[] signed, byte[] signature) {
    String bits = algorithm.substring(2);
    try {
      return switch (key.material()) {
        case Material.Secret(SecretKeySpec secret) -> {
          Mac mac = Mac.getInstance("HmacSHA" + bits);
          mac.init(secret);
          yield MessageDigest.isEqual(mac.doFinal(signed), signature);
        }
        case Material.Public(PublicKey open) -> {
          Signature verifier =
              switch (algorithm.substring(0, 2)) {
                case "RS" -> Signature.getInstance("SHA" + bits + "withRSA");
                case "PS" -> Signature.getInstance("RSASSA-PSS");
                case "ES" -> Signature.getInstance("SHA" + bits + "withECDSAinP1363Format");
                default -> Signature.getInstance("Ed25519");
              };
          if (algorithm.startsWith("PS")) {
            verifier.setParameter(
                new PSSParameterSpec(
                    "SHA-" + bits,
                    "MGF1",
                    new MGF1ParameterSpec("SHA-" + bits),
                    Integer.parseInt(bits) / 8,
                    1));
          }
          verifier.initVerify(open);
          verifier.update(signed);
          yield verifier.verify(signature);
        }
      };
    } catch (GeneralSecurityException e) {
      // a key or a signature of another size
      return false;
    }
  }
}
