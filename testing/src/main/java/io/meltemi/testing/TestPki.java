package io.meltemi.testing;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Certificates for tests, made in code with what the JDK has: authorities, intermediates and leaves
 * as PEM (RFC 5280).
 */
public final class TestPki {
  private static final AtomicLong SERIAL = new AtomicLong(0x1000);
  private static final String ECDSA_SHA256 = "1.2.840.10045.4.3.2";
  private static final String RSA_SHA256 = "1.2.840.113549.1.1.11";
  private static final DateTimeFormatter GENERALIZED =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  private TestPki() {}

  /** Which key a certificate has. */
  public enum Key {
    EC,
    RSA
  }

  /** Something signed, with its key. */
  public static final class Issued {
    private final String name;
    private final KeyPair keys;
    private final byte[] der;
    private final List<byte[]> chain;

    private Issued(String name, KeyPair keys, byte[] der, List<byte[]> chain) {
      this.name = name;
      this.keys = keys;
      this.der = der;
      this.chain = List.copyOf(chain);
    }

    /** This certificate alone. */
    public String certificate() {
      return pem("CERTIFICATE", der);
    }

    /** This certificate and the intermediates that it needs, without the root. */
    public String chain() {
      StringBuilder text = new StringBuilder();
      chain.forEach(each -> text.append(pem("CERTIFICATE", each)));
      return text.toString();
    }

    /** PKCS #8. */
    public String key() {
      return pem("PRIVATE KEY", keys.getPrivate().getEncoded());
    }

    public byte[] der() {
      return der.clone();
    }

    public KeyPair keys() {
      return keys;
    }

    /** TLS of the JDK that shows this certificate and trusts an authority. */
    public SSLContext context(Issued trusted) {
      try {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        List<Certificate> shown = new ArrayList<>();
        for (byte[] each : chain) {
          shown.add(factory.generateCertificate(new ByteArrayInputStream(each)));
        }
        store.setKeyEntry("own", keys.getPrivate(), new char[0], shown.toArray(Certificate[]::new));
        store.setCertificateEntry(
            "trusted", factory.generateCertificate(new ByteArrayInputStream(trusted.der)));
        KeyManagerFactory own =
            KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(store, new char[0]);
        TrustManagerFactory others =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        others.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), others.getTrustManagers(), null);
        return context;
      } catch (GeneralSecurityException | IOException e) {
        throw new IllegalStateException(e);
      }
    }

    /** A leaf signed by this authority. */
    public Issued leaf(Leaf leaf) {
      KeyPair pair = generate(leaf.key);
      byte[] signed =
          sign(
              new Content(
                  leaf.name, name, pair, leaf.notBefore, leaf.notAfter, leafExtensions(leaf)),
              keys.getPrivate());
      List<byte[]> with = new ArrayList<>();
      with.add(signed);
      if (chain.size() > 0 && !name.startsWith("root")) {
        with.addAll(chain);
      }
      return new Issued(leaf.name, pair, signed, with);
    }

    /** An authority signed by this one. */
    public Issued intermediate(String intermediateName) {
      KeyPair pair = generate(Key.EC);
      byte[] signed =
          sign(
              new Content(
                  intermediateName,
                  name,
                  pair,
                  Instant.now().minus(Duration.ofHours(1)),
                  Instant.now().plus(Duration.ofDays(10)),
                  authorityExtensions()),
              keys.getPrivate());
      List<byte[]> with = new ArrayList<>();
      with.add(signed);
      if (!name.startsWith("root")) {
        with.addAll(chain);
      }
      return new Issued(intermediateName, pair, signed, with);
    }

    /** A revocation list of this authority with some serial numbers. */
    public String revocationList(List<Issued> revoked) {
      List<byte[]> entries = new ArrayList<>();
      for (Issued each : revoked) {
        entries.add(seq(each.serial(), time(Instant.now().minus(Duration.ofMinutes(1)))));
      }
      byte[] algorithm = algorithm(keys.getPrivate());
      byte[] list =
          entries.isEmpty()
              ? seq(
                  integer(BigInteger.ONE),
                  algorithm,
                  name(name),
                  time(Instant.now().minus(Duration.ofMinutes(1))),
                  time(Instant.now().plus(Duration.ofDays(1))))
              : seq(
                  integer(BigInteger.ONE),
                  algorithm,
                  name(name),
                  time(Instant.now().minus(Duration.ofMinutes(1))),
                  time(Instant.now().plus(Duration.ofDays(1))),
                  seq(entries.toArray(byte[][]::new)));
      return pem("X509 CRL", signed(list, algorithm, keys.getPrivate()));
    }

    private byte[] serial() {
      try {
        return integer(
            ((java.security.cert.X509Certificate)
                    java.security.cert.CertificateFactory.getInstance("X.509")
                        .generateCertificate(new java.io.ByteArrayInputStream(der)))
                .getSerialNumber());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** What a leaf shall have; each method answers another leaf. */
  public record Leaf(
      String name,
      Key key,
      Instant notBefore,
      Instant notAfter,
      List<String> dns,
      List<String> uris,
      List<String> ips,
      List<String> emails,
      List<String> uses) {
    /** Good for an hour, for clients and servers, with an EC key and without names. */
    public static Leaf named(String name) {
      return new Leaf(
          name,
          Key.EC,
          Instant.now().minus(Duration.ofHours(1)),
          Instant.now().plus(Duration.ofHours(1)),
          List.of(),
          List.of(),
          List.of(),
          List.of(),
          List.of("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"));
    }

    public Leaf with(Key other) {
      return new Leaf(name, other, notBefore, notAfter, dns, uris, ips, emails, uses);
    }

    public Leaf dns(String... names) {
      return new Leaf(name, key, notBefore, notAfter, List.of(names), uris, ips, emails, uses);
    }

    public Leaf uri(String... names) {
      return new Leaf(name, key, notBefore, notAfter, dns, List.of(names), ips, emails, uses);
    }

    public Leaf ip(String... addresses) {
      return new Leaf(name, key, notBefore, notAfter, dns, uris, List.of(addresses), emails, uses);
    }

    public Leaf email(String... addresses) {
      return new Leaf(name, key, notBefore, notAfter, dns, uris, ips, List.of(addresses), uses);
    }

    /** Good within that time only. */
    public Leaf valid(Instant from, Instant to) {
      return new Leaf(name, key, from, to, dns, uris, ips, emails, uses);
    }

    public Leaf forServersOnly() {
      return new Leaf(
          name, key, notBefore, notAfter, dns, uris, ips, emails, List.of("1.3.6.1.5.5.7.3.1"));
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared, and no one else sees it
  private record Content(
      String subject,
      String issuer,
      KeyPair keys,
      Instant notBefore,
      Instant notAfter,
      byte[] extensions) {}

  /** An authority that signs itself. */
  public static Issued root(String name) {
    String full = "root " + name;
    KeyPair pair = generate(Key.EC);
    byte[] der =
        sign(
            new Content(
                full,
                full,
                pair,
                Instant.now().minus(Duration.ofHours(2)),
                Instant.now().plus(Duration.ofDays(30)),
                authorityExtensions()),
            pair.getPrivate());
    return new Issued(full, pair, der, List.of(der));
  }

  private static KeyPair generate(Key key) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(key == Key.EC ? "EC" : "RSA");
      if (key == Key.EC) {
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      } else {
        generator.initialize(2048);
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] sign(Content content, PrivateKey signer) {
    byte[] algorithm = algorithm(signer);
    byte[] body =
        seq(
            tagged(0xA0, integer(BigInteger.TWO)),
            integer(BigInteger.valueOf(SERIAL.incrementAndGet())),
            algorithm,
            name(content.issuer),
            seq(time(content.notBefore), time(content.notAfter)),
            name(content.subject),
            content.keys.getPublic().getEncoded(),
            tagged(0xA3, content.extensions));
    return signed(body, algorithm, signer);
  }

  private static byte[] signed(byte[] body, byte[] algorithm, PrivateKey signer) {
    try {
      Signature signature =
          Signature.getInstance(
              signer.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA");
      signature.initSign(signer);
      signature.update(body);
      byte[] bits = signature.sign();
      byte[] padded = new byte[bits.length + 1];
      System.arraycopy(bits, 0, padded, 1, bits.length);
      return seq(body, algorithm, tagged(0x03, padded));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] algorithm(PrivateKey signer) {
    return signer.getAlgorithm().equals("EC")
        ? seq(oid(ECDSA_SHA256))
        : seq(oid(RSA_SHA256), tagged(0x05));
  }

  private static byte[] authorityExtensions() {
    return seq(
        extension("2.5.29.19", true, seq(tagged(0x01, new byte[] {(byte) 0xFF}))),
        // keyCertSign and cRLSign
        extension("2.5.29.15", true, tagged(0x03, new byte[] {1, 0x06})));
  }

  private static byte[] leafExtensions(Leaf leaf) {
    List<byte[]> all = new ArrayList<>();
    List<byte[]> names = new ArrayList<>();
    leaf.emails.forEach(email -> names.add(tagged(0x81, ascii(email))));
    leaf.dns.forEach(dns -> names.add(tagged(0x82, ascii(dns))));
    leaf.uris.forEach(uri -> names.add(tagged(0x86, ascii(uri))));
    leaf.ips.forEach(ip -> names.add(tagged(0x87, address(ip))));
    if (!names.isEmpty()) {
      all.add(extension("2.5.29.17", false, seq(names.toArray(byte[][]::new))));
    }
    // digitalSignature and keyEncipherment
    all.add(extension("2.5.29.15", true, tagged(0x03, new byte[] {5, (byte) 0xA0})));
    all.add(
        extension(
            "2.5.29.37", false, seq(leaf.uses.stream().map(TestPki::oid).toArray(byte[][]::new))));
    return seq(all.toArray(byte[][]::new));
  }

  private static byte[] address(String ip) {
    try {
      return InetAddress.getByName(ip).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(ip, e);
    }
  }

  private static byte[] extension(String oid, boolean critical, byte[] value) {
    return critical
        ? seq(oid(oid), tagged(0x01, new byte[] {(byte) 0xFF}), tagged(0x04, value))
        : seq(oid(oid), tagged(0x04, value));
  }

  /** O=example,CN=name. */
  private static byte[] name(String commonName) {
    return seq(
        tagged(0x31, seq(oid("2.5.4.10"), tagged(0x0C, ascii("example")))),
        tagged(0x31, seq(oid("2.5.4.3"), tagged(0x0C, ascii(commonName)))));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] time(Instant instant) {
    return tagged(0x18, ascii(GENERALIZED.format(instant)));
  }

  private static byte[] integer(BigInteger value) {
    return tagged(0x02, value.toByteArray());
  }

  private static byte[] oid(String text) {
    String[] parts = text.split("\\.", -1);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(Integer.parseInt(parts[0]) * 40 + Integer.parseInt(parts[1]));
    for (int i = 2; i < parts.length; i++) {
      int part = Integer.parseInt(parts[i]);
      for (int shift = 28; shift > 0; shift -= 7) {
        if (part >>> shift != 0) {
          out.write(0x80 | (part >>> shift & 0x7F));
        }
      }
      out.write(part & 0x7F);
    }
    return tagged(0x06, out.toByteArray());
  }

  private static byte[] seq(byte[]... parts) {
    return tagged(0x30, parts);
  }

  private static byte[] tagged(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = content.size();
    if (length >= 0x100) {
      out.write(0x82);
      out.write(length >>> 8);
    } else if (length >= 0x80) {
      out.write(0x81);
    }
    out.write(length);
    out.writeBytes(content.toByteArray());
    return out.toByteArray();
  }

  private static String pem(String label, byte[] der) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + label
        + "-----\n";
  }
}
