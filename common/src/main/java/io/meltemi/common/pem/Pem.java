package io.meltemi.common.pem;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * Certificates and keys as text (RFC 7468): PKCS #8 keys, plain or encrypted, RSA keys of PKCS #1
 * and EC keys of SEC 1. What stands between blocks is passed over. Any thread.
 */
public final class Pem {
  /** Beyond this a file holds something else. */
  public static final int BYTES_MAX = 16 << 20;

  private static final int BLOCKS_MAX = 10_000;
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";
  // AlgorithmIdentifier { rsaEncryption, NULL }
  private static final byte[] RSA = {
    0x30,
    0x0d,
    0x06,
    0x09,
    0x2a,
    (byte) 0x86,
    0x48,
    (byte) 0x86,
    (byte) 0xf7,
    0x0d,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00
  };
  // OBJECT IDENTIFIER id-ecPublicKey
  private static final byte[] EC = {
    0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01
  };

  private Pem() {}

  /** One block; the label is what stands behind BEGIN. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and no one else sees it
  record Block(String label, byte[] der) {}

  /**
   * Every block of a text, in order.
   *
   * @throws CertificateException when a block does not end or is not Base64
   */
  static List<Block> blocks(byte[] bytes) throws CertificateException {
    if (bytes.length > BYTES_MAX) {
      throw new CertificateException("more than " + BYTES_MAX + " bytes");
    }
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    List<Block> blocks = new ArrayList<>();
    int at = text.indexOf(BEGIN);
    while (at >= 0) {
      int labelEnd = text.indexOf(DASHES, at + BEGIN.length());
      if (labelEnd < 0 || labelEnd - at > 100) {
        throw new CertificateException("a PEM block without a label");
      }
      String label = text.substring(at + BEGIN.length(), labelEnd);
      int end = text.indexOf(END + label + DASHES, labelEnd);
      if (end < 0) {
        throw new CertificateException("a PEM block that does not end: " + label);
      }
      String body = text.substring(labelEnd + DASHES.length(), end);
      blocks.add(new Block(label, base64(label, body)));
      if (blocks.size() > BLOCKS_MAX) {
        throw new CertificateException("more than " + BLOCKS_MAX + " PEM blocks");
      }
      at = text.indexOf(BEGIN, end);
    }
    return blocks;
  }

  private static byte[] base64(String label, String body) throws CertificateException {
    if (body.contains("DEK-Info") || body.contains("Proc-Type")) {
      throw new CertificateException(label + " with a pre-PKCS #8 encryption");
    }
    StringBuilder packed = new StringBuilder(body.length());
    for (int i = 0; i < body.length(); i++) {
      char c = body.charAt(i);
      if (c > ' ') {
        packed.append(c);
      }
    }
    try {
      return Base64.getDecoder().decode(packed.toString());
    } catch (IllegalArgumentException e) {
      throw new CertificateException(label + " is not Base64: " + e.getMessage(), e);
    }
  }

  /**
   * The certificates of a text, in order.
   *
   * @throws CertificateException when there is none, or one is malformed
   */
  public static List<X509Certificate> certificates(byte[] bytes) throws CertificateException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks(bytes)) {
      if (block.label().equals("CERTIFICATE")
          || block.label().equals("X509 CERTIFICATE")
          || block.label().equals("TRUSTED CERTIFICATE")) {
        certificates.add(
            (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.der())));
      }
    }
    if (certificates.isEmpty()) {
      throw new CertificateException("no certificate");
    }
    return List.copyOf(certificates);
  }

  /**
   * The revocation lists of a text.
   *
   * @throws CertificateException when there is none, or one is malformed
   */
  public static List<X509CRL> revocationLists(byte[] bytes) throws CertificateException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509CRL> lists = new ArrayList<>();
    for (Block block : blocks(bytes)) {
      if (block.label().equals("X509 CRL")) {
        try {
          lists.add((X509CRL) factory.generateCRL(new ByteArrayInputStream(block.der())));
        } catch (CRLException e) {
          throw new CertificateException(e.getMessage(), e);
        }
      }
    }
    if (lists.isEmpty()) {
      throw new CertificateException("no CRL");
    }
    return List.copyOf(lists);
  }

  /**
   * The first private key of a text.
   *
   * @param password of an encrypted key; else empty
   * @throws GeneralSecurityException when there is none, or it cannot be read; never with a part of
   *     the key in its message
   */
  public static PrivateKey privateKey(byte[] bytes, String password)
      throws GeneralSecurityException {
    for (Block block : blocks(bytes)) {
      switch (block.label()) {
        case "PRIVATE KEY" -> {
          return decode(block.der());
        }
        case "RSA PRIVATE KEY" -> {
          return decode(pkcs8(RSA, block.der()));
        }
        case "EC PRIVATE KEY" -> {
          return decode(
              pkcs8(tagged(0x30, concat(EC, Der.ecParameters(block.der()))), block.der()));
        }
        case "ENCRYPTED PRIVATE KEY" -> {
          return decrypt(block.der(), password);
        }
        default -> {}
      }
    }
    throw new InvalidKeySpecException("no private key");
  }

  /** Whether a private key is that of a public one. */
  public static boolean fits(PublicKey certified, PrivateKey key) {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> key.getAlgorithm();
        };
    try {
      byte[] sample = {1, 2, 3};
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(sample);
      byte[] signature = signer.sign();
      signer.initVerify(certified);
      signer.update(sample);
      return signer.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static PrivateKey decrypt(byte[] der, String password) throws GeneralSecurityException {
    if (password.isEmpty()) {
      throw new InvalidKeySpecException("the key is encrypted and there is no password");
    }
    try {
      EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(der);
      String algorithm =
          info.getAlgName().equals("PBES2")
              ? info.getAlgParameters().toString()
              : info.getAlgName();
      var key =
          SecretKeyFactory.getInstance(algorithm)
              .generateSecret(new PBEKeySpec(password.toCharArray()));
      return decode(info.getKeySpec(key).getEncoded());
    } catch (java.io.IOException e) {
      throw new InvalidKeySpecException("an encrypted key that cannot be read", e);
    }
  }

  private static PrivateKey decode(byte[] pkcs8) throws GeneralSecurityException {
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(pkcs8);
    for (String algorithm : List.of("EC", "RSA", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (InvalidKeySpecException e) {
        // another algorithm's
      }
    }
    throw new InvalidKeySpecException("a key that is neither RSA, EC nor EdDSA");
  }

  /** PrivateKeyInfo (RFC 5208) around a key of an algorithm. */
  private static byte[] pkcs8(byte[] algorithm, byte[] key) {
    return tagged(0x30, concat(new byte[] {0x02, 0x01, 0x00}, algorithm, tagged(0x04, key)));
  }

  private static byte[] tagged(int tag, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(content.length + 6);
    out.write(tag);
    int length = content.length;
    if (length < 0x80) {
      out.write(length);
    } else {
      int bytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
      out.write(0x80 | bytes);
      for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out.write(length >>> shift);
      }
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  /** A block with lines of 64 characters. */
  public static String text(String label, byte[] der) {
    return BEGIN
        + label
        + DASHES
        + "\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n"
        + END
        + label
        + DASHES
        + "\n";
  }
}
