package io.meltemi.proxy.http.filter.jwtauthn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;

final class KeySetTest {
  private static String text(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String number(BigInteger number, int length) {
    byte[] bytes = number.toByteArray();
    byte[] fixed = new byte[Math.max(length, bytes.length)];
    System.arraycopy(bytes, 0, fixed, fixed.length - bytes.length, bytes.length);
    return text(
        length > 0 ? Arrays.copyOfRange(fixed, fixed.length - length, fixed.length) : fixed);
  }

  private static void check(String keys, String algorithm, Signature signer, KeyPair pair)
      throws Exception {
    String signed =
        text(("{\"alg\":\"" + algorithm + "\"}").getBytes(StandardCharsets.US_ASCII))
            + "."
            + text("{}".getBytes(StandardCharsets.US_ASCII));
    signer.initSign(pair.getPrivate());
    signer.update(signed.getBytes(StandardCharsets.US_ASCII));
    byte[] signature = signer.sign();
    KeySet set = KeySet.parse("{\"keys\":[" + keys + "]}").orElseThrow();
    assertEquals(JwtStatus.OK, set.verify(Jwt.parse(signed + "." + text(signature))), algorithm);
    signature[signature.length / 2] ^= 1;
    assertEquals(
        JwtStatus.VERIFICATION, set.verify(Jwt.parse(signed + "." + text(signature))), algorithm);
    String other = text("{\"alg\":\"HS256\"}".getBytes(StandardCharsets.US_ASCII));
    assertEquals(JwtStatus.NO_KEY, set.verify(Jwt.parse(other + ".e30." + text(signature))));
  }

  @Test
  void verifiesEachKind() throws Exception {
    KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
    rsa.initialize(2048);
    KeyPair pair = rsa.generateKeyPair();
    RSAPublicKey open = (RSAPublicKey) pair.getPublic();
    String key =
        "{\"kty\":\"RSA\",\"n\":\""
            + number(open.getModulus(), 0)
            + "\",\"e\":\""
            + number(open.getPublicExponent(), 0)
            + "\"}";
    for (String bits : new String[] {"256", "384", "512"}) {
      check(key, "RS" + bits, Signature.getInstance("SHA" + bits + "withRSA"), pair);
      Signature pss = Signature.getInstance("RSASSA-PSS");
      pss.setParameter(
          new PSSParameterSpec(
              "SHA-" + bits,
              "MGF1",
              new MGF1ParameterSpec("SHA-" + bits),
              Integer.parseInt(bits) / 8,
              1));
      check(key, "PS" + bits, pss, pair);
    }
    String[][] curves = {{"P-256", "secp256r1", "256", "32"}, {"P-384", "secp384r1", "384", "48"}};
    for (String[] curve : curves) {
      KeyPairGenerator elliptic = KeyPairGenerator.getInstance("EC");
      elliptic.initialize(new ECGenParameterSpec(curve[1]));
      KeyPair made = elliptic.generateKeyPair();
      ECPublicKey point = (ECPublicKey) made.getPublic();
      int length = Integer.parseInt(curve[3]);
      check(
          "{\"kty\":\"EC\",\"crv\":\""
              + curve[0]
              + "\",\"x\":\""
              + number(point.getW().getAffineX(), length)
              + "\",\"y\":\""
              + number(point.getW().getAffineY(), length)
              + "\"}",
          "ES" + curve[2],
          Signature.getInstance("SHA" + curve[2] + "withECDSAinP1363Format"),
          made);
    }
    KeyPair edwards = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    byte[] encoded = edwards.getPublic().getEncoded();
    check(
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\""
            + text(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length))
            + "\"}",
        "EdDSA",
        Signature.getInstance("Ed25519"),
        edwards);
  }

  @Test
  void whatIsNoKeySetIsNone() {
    for (String json :
        new String[] {
          "",
          "x",
          "[]",
          "{}",
          "{\"keys\":5}",
          "{\"keys\":[]}",
          "{\"keys\":[5,{\"kty\":\"RSA\",\"n\":\"!\"},{\"kty\":\"EC\",\"crv\":\"P-1\"}]}",
          "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]}",
          "{\"keys\":" + "[".repeat(5000)
        }) {
      assertTrue(KeySet.parse(json).isEmpty(), json);
    }
  }
}
