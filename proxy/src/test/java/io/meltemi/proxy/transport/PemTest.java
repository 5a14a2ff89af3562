package io.meltemi.proxy.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.common.pem.Pem;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PemTest {
  private static final Issued ROOT = TestPki.root("pem");
  private static final Issued LEAF = ROOT.leaf(Leaf.named("leaf").dns("a.test").ip("10.0.0.1"));

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void readsAChainAndItsKey() throws Exception {
    byte[] both = bytes(LEAF.certificate() + "text between\n" + ROOT.certificate());
    assertEquals(2, Pem.certificates(both).size());
    assertArrayEquals(LEAF.der(), Pem.certificates(both).getFirst().getEncoded());
    assertArrayEquals(
        LEAF.keys().getPrivate().getEncoded(), Pem.privateKey(bytes(LEAF.key()), "").getEncoded());
    assertThrows(CertificateException.class, () -> Pem.certificates(bytes("")));
    assertThrows(CertificateException.class, () -> Pem.certificates(bytes(LEAF.key())));
    assertThrows(
        GeneralSecurityException.class, () -> Pem.privateKey(bytes(LEAF.certificate()), ""));
  }

  /** Whatever the bytes are, only the declared exception comes out. */
  @Test
  void hostileBytesAreRefusedByTheirException() {
    SplittableRandom random = new SplittableRandom(7);
    List<String> good =
        List.of(LEAF.chain(), LEAF.key(), ROOT.revocationList(List.of(LEAF)), "-----BEGIN ");
    int refused = 0;
    for (int i = 0; i < 3000; i++) {
      byte[] bytes = bytes(good.get(i % good.size()));
      for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      byte[] cut = java.util.Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length));
      refused += refusals(bytes) + refusals(cut);
    }
    assertTrue(refused > 3000, () -> "some are refused");
  }

  private static int refusals(byte[] bytes) {
    int refused = 0;
    try {
      Pem.certificates(bytes).forEach(CertificateNames::of);
    } catch (CertificateException e) {
      refused++;
    }
    try {
      Pem.revocationLists(bytes);
    } catch (CertificateException e) {
      refused++;
    }
    try {
      Pem.privateKey(bytes, "password");
    } catch (GeneralSecurityException e) {
      refused++;
    }
    return refused;
  }
}
