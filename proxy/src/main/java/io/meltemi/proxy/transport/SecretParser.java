package io.meltemi.proxy.transport;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.GenericSecret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsSessionTicketKeys;
import io.meltemi.common.pem.Pem;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Certificates, validation contexts and ticket keys to records. Reads files; any thread. */
final class SecretParser {
  private static final SupportedFields SECRET =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret.class,
          "name",
          "tls_certificate",
          "session_ticket_keys",
          "validation_context",
          "generic_secret");
  private static final SupportedFields GENERIC = SupportedFields.of(GenericSecret.class, "secret");
  private static final SupportedFields CERTIFICATE =
      // files are followed wherever they are, not only in watched directories
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate.class,
          "certificate_chain",
          "private_key",
          "pkcs12",
          "password",
          "watched_directory");
  private static final SupportedFields VALIDATION =
      SupportedFields.of(
          CertificateValidationContext.class,
          "trusted_ca",
          "system_root_certs",
          "verify_certificate_spki",
          "verify_certificate_hash",
          "match_typed_subject_alt_names",
          "match_subject_alt_names",
          "crl",
          "only_verify_leaf_cert_crl",
          "allow_expired_certificate",
          "trust_chain_verification",
          "max_verify_depth",
          "watched_directory");
  private static final SupportedFields SAN =
      SupportedFields.of(SubjectAltNameMatcher.class, "san_type", "matcher", "oid");
  private static final SupportedFields TICKET_KEYS =
      SupportedFields.of(TlsSessionTicketKeys.class, "keys");
  private static final SupportedFields SOURCE =
      SupportedFields.of(DataSource.class, "filename", "inline_bytes", "inline_string");
  private static final int TICKET_KEY_BYTES = 80;
  private static final int HASH_BYTES = 32;

  /** What a source gave, and what to call it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and no one else sees it
  record Text(byte[] bytes, String path) {}

  Optional<Secret> parse(
      io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto, ParseScope scope) {
    SECRET.check(proto, scope);
    return switch (proto.getTypeCase()) {
      case TLS_CERTIFICATE ->
          certificate(proto.getTlsCertificate(), scope.field("tls_certificate"))
              .map(Secret.KeyPair::new);
      case VALIDATION_CONTEXT ->
          validation(proto.getValidationContext(), scope.field("validation_context"))
              .map(Secret.Validation::new);
      case SESSION_TICKET_KEYS ->
          ticketKeys(proto.getSessionTicketKeys(), scope.field("session_ticket_keys"))
              .map(Secret.TicketKeys::new);
      case GENERIC_SECRET -> generic(proto.getGenericSecret(), scope.field("generic_secret"));
      case TYPE_NOT_SET -> {
        scope.error("no secret", "one of tls_certificate, validation_context, generic_secret");
        yield Optional.empty();
      }
    };
  }

  private static Optional<Secret> generic(GenericSecret proto, ParseScope scope) {
    GENERIC.check(proto, scope);
    return required(proto.getSecret(), scope, "secret")
        .map(text -> new Secret.Generic(ByteString.copyFrom(text.bytes())));
  }

  Optional<TlsCertificate> certificate(
      io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate proto,
      ParseScope scope) {
    CERTIFICATE.check(proto, scope);
    Optional<Text> password = text(proto.hasPassword(), proto.getPassword(), scope, "password");
    String word =
        password
            .map(p -> new String(p.bytes(), java.nio.charset.StandardCharsets.UTF_8))
            .orElse("");
    if (proto.hasPkcs12()) {
      if (proto.hasCertificateChain() || proto.hasPrivateKey()) {
        scope.field("pkcs12").error("set", "either it or certificate_chain and private_key");
      }
      return text(true, proto.getPkcs12(), scope, "pkcs12")
          .flatMap(store -> pkcs12(store, word, scope.field("pkcs12")));
    }
    Optional<Text> chain = required(proto.getCertificateChain(), scope, "certificate_chain");
    Optional<Text> key = required(proto.getPrivateKey(), scope, "private_key");
    if (chain.isEmpty() || key.isEmpty()) {
      return Optional.empty();
    }
    return pair(chain.get(), key.get(), word, scope);
  }

  private static Optional<TlsCertificate> pair(
      Text chain, Text key, String password, ParseScope scope) {
    List<X509Certificate> certificates;
    try {
      certificates = Pem.certificates(chain.bytes());
    } catch (CertificateException e) {
      scope.field("certificate_chain").error(chain.path(), "certificates: " + e.getMessage());
      return Optional.empty();
    }
    PrivateKey privateKey;
    try {
      privateKey = Pem.privateKey(key.bytes(), password);
    } catch (GeneralSecurityException e) {
      scope.field("private_key").error(key.path(), "a private key: " + e.getMessage());
      return Optional.empty();
    }
    return checked(new TlsCertificate(certificates, privateKey, chain.path()), scope);
  }

  private static Optional<TlsCertificate> checked(TlsCertificate made, ParseScope scope) {
    if (!Pem.fits(made.leaf().getPublicKey(), made.key())) {
      scope.error(made.path(), "a private key that fits the certificate");
      return Optional.empty();
    }
    return Optional.of(made);
  }

  private static Optional<TlsCertificate> pkcs12(Text store, String password, ParseScope scope) {
    try {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(new ByteArrayInputStream(store.bytes()), password.toCharArray());
      for (String alias : java.util.Collections.list(keys.aliases())) {
        if (keys.getKey(alias, password.toCharArray()) instanceof PrivateKey key) {
          List<X509Certificate> chain = new ArrayList<>();
          for (var certificate : keys.getCertificateChain(alias)) {
            chain.add((X509Certificate) certificate);
          }
          return checked(new TlsCertificate(chain, key, store.path()), scope);
        }
      }
      scope.error(store.path(), "a store with a private key");
    } catch (GeneralSecurityException | IOException e) {
      scope.error(store.path(), "a PKCS #12 store that the password opens: " + e.getMessage());
    }
    return Optional.empty();
  }

  /** A whole validation context. */
  Optional<ValidationSettings> validation(CertificateValidationContext proto, ParseScope scope) {
    if (proto.getMatchTypedSubjectAltNamesCount() > 0
        && !proto.hasTrustedCa()
        && !proto.hasSystemRootCerts()) {
      scope.field("match_typed_subject_alt_names").error("set", "a trusted_ca beside it");
    }
    return defaults(proto, scope);
  }

  /** One that another is merged over, which may bring the authorities. */
  Optional<ValidationSettings> defaults(CertificateValidationContext proto, ParseScope scope) {
    VALIDATION.check(proto, scope);
    Optional<List<X509Certificate>> authorities = authorities(proto, scope);
    List<SanMatcher> names = names(proto, scope);
    Optional<List<X509CRL>> lists = revocation(proto, scope);
    boolean untrusted =
        switch (proto.getTrustChainVerification()) {
          case VERIFY_TRUST_CHAIN -> false;
          case ACCEPT_UNTRUSTED -> true;
          case UNRECOGNIZED -> {
            scope.field("trust_chain_verification").error("unknown", "a known value");
            yield false;
          }
        };
    Set<String> hashes = hashes(proto.getVerifyCertificateHashList(), scope);
    Set<String> keyHashes = keyHashes(proto.getVerifyCertificateSpkiList(), scope);
    int depth = proto.hasMaxVerifyDepth() ? proto.getMaxVerifyDepth().getValue() : 100;
    if (depth < 0 || depth > 100) {
      scope.field("max_verify_depth").error(Integer.toUnsignedString(depth), "0 to 100");
      depth = 100;
    }
    if (authorities.isEmpty() || lists.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new ValidationSettings(
            authorities.get(),
            path(proto.getTrustedCa()),
            names,
            hashes,
            keyHashes,
            new ValidationSettings.Revocation(lists.get(), proto.getOnlyVerifyLeafCertCrl()),
            new ValidationSettings.Leniency(proto.getAllowExpiredCertificate(), untrusted, depth)));
  }

  private Optional<List<X509Certificate>> authorities(
      CertificateValidationContext proto, ParseScope scope) {
    List<X509Certificate> found = new ArrayList<>();
    if (proto.hasSystemRootCerts()) {
      try {
        found.addAll(systemRoots());
      } catch (GeneralSecurityException e) {
        scope.field("system_root_certs").error("set", "roots of the JDK: " + e.getMessage());
        return Optional.empty();
      }
    }
    if (proto.hasTrustedCa()) {
      Optional<Text> text = text(true, proto.getTrustedCa(), scope, "trusted_ca");
      if (text.isEmpty()) {
        return Optional.empty();
      }
      try {
        found.addAll(Pem.certificates(text.get().bytes()));
      } catch (CertificateException e) {
        scope.field("trusted_ca").error(text.get().path(), "certificates: " + e.getMessage());
        return Optional.empty();
      }
    }
    return Optional.of(found);
  }

  private static List<X509Certificate> systemRoots() throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        return Arrays.asList(x509.getAcceptedIssuers());
      }
    }
    return List.of();
  }

  private Optional<List<X509CRL>> revocation(CertificateValidationContext proto, ParseScope scope) {
    if (!proto.hasCrl()) {
      return Optional.of(List.of());
    }
    if (!proto.hasTrustedCa()) {
      scope.field("crl").error("set", "a trusted_ca beside it");
    }
    return text(true, proto.getCrl(), scope, "crl")
        .flatMap(
            text -> {
              try {
                return Optional.of(Pem.revocationLists(text.bytes()));
              } catch (CertificateException e) {
                scope.field("crl").error(text.path(), "revocation lists: " + e.getMessage());
                return Optional.empty();
              }
            });
  }

  @SuppressWarnings("deprecation") // the matchers without a type are what older control planes send
  private static List<SanMatcher> names(CertificateValidationContext proto, ParseScope scope) {
    List<SanMatcher> names = new ArrayList<>();
    for (int i = 0; i < proto.getMatchTypedSubjectAltNamesCount(); i++) {
      SubjectAltNameMatcher san = proto.getMatchTypedSubjectAltNames(i);
      ParseScope at = scope.field("match_typed_subject_alt_names", i);
      SAN.check(san, at);
      SanMatcher.Type type = type(san, at);
      StringMatcherParser.parse(san.getMatcher(), at.field("matcher"))
          .ifPresent(matcher -> names.add(name(type, matcher, san.getMatcher(), san.getOid())));
    }
    for (int i = 0; i < proto.getMatchSubjectAltNamesCount(); i++) {
      var matcher = proto.getMatchSubjectAltNames(i);
      StringMatcherParser.parse(matcher, scope.field("match_subject_alt_names", i))
          .ifPresent(
              parsed -> {
                for (SanMatcher.Type type :
                    List.of(
                        SanMatcher.Type.DNS,
                        SanMatcher.Type.URI,
                        SanMatcher.Type.EMAIL,
                        SanMatcher.Type.IP_ADDRESS)) {
                  names.add(name(type, parsed, matcher, ""));
                }
              });
    }
    return names;
  }

  private static SanMatcher name(
      SanMatcher.Type type,
      StringMatcher matcher,
      io.envoyproxy.envoy.type.matcher.v3.StringMatcher proto,
      String oid) {
    return new SanMatcher(type, matcher, type == SanMatcher.Type.DNS ? proto.getExact() : "", oid);
  }

  private static SanMatcher.Type type(SubjectAltNameMatcher san, ParseScope scope) {
    return switch (san.getSanType()) {
      case EMAIL -> SanMatcher.Type.EMAIL;
      case DNS -> SanMatcher.Type.DNS;
      case URI -> SanMatcher.Type.URI;
      case IP_ADDRESS -> SanMatcher.Type.IP_ADDRESS;
      case OTHER_NAME -> {
        if (!san.getOid().matches("[0-2](\\.[0-9]{1,9}){1,20}")) {
          scope.field("oid").error("\"" + san.getOid() + "\"", "an object identifier");
        }
        yield SanMatcher.Type.OTHER_NAME;
      }
      case SAN_TYPE_UNSPECIFIED, UNRECOGNIZED -> {
        scope.field("san_type").error(san.getSanType().name(), "EMAIL, DNS, URI, IP_ADDRESS");
        yield SanMatcher.Type.URI;
      }
    };
  }

  private static Set<String> hashes(List<String> texts, ParseScope scope) {
    Set<String> hashes = new HashSet<>();
    for (int i = 0; i < texts.size(); i++) {
      String hex = texts.get(i).replace(":", "").toLowerCase(Locale.ROOT);
      if (hex.matches("[0-9a-f]{64}")) {
        hashes.add(hex);
      } else {
        scope
            .field("verify_certificate_hash", i)
            .error(texts.get(i), "SHA-256 in hex, with or without colons");
      }
    }
    return hashes;
  }

  private static Set<String> keyHashes(List<String> texts, ParseScope scope) {
    Set<String> hashes = new HashSet<>();
    for (int i = 0; i < texts.size(); i++) {
      boolean good = false;
      try {
        good = Base64.getDecoder().decode(texts.get(i)).length == HASH_BYTES;
      } catch (IllegalArgumentException e) {
        // falls through to the one complaint
      }
      if (good) {
        hashes.add(texts.get(i));
      } else {
        scope.field("verify_certificate_spki", i).error(texts.get(i), "SHA-256 in Base64");
      }
    }
    return hashes;
  }

  Optional<List<Secret.TicketKey>> ticketKeys(TlsSessionTicketKeys proto, ParseScope scope) {
    TICKET_KEYS.check(proto, scope);
    List<Secret.TicketKey> keys = new ArrayList<>();
    for (int i = 0; i < proto.getKeysCount(); i++) {
      Optional<Text> text = required(proto.getKeys(i), scope, "keys[" + i + "]");
      if (text.isEmpty()) {
        return Optional.empty();
      }
      byte[] bytes = text.get().bytes();
      if (bytes.length != TICKET_KEY_BYTES) {
        scope.field("keys", i).error(bytes.length + " bytes", TICKET_KEY_BYTES + " bytes");
        return Optional.empty();
      }
      // name 16, HMAC 32, AES 32; the engine takes half of the latter two
      keys.add(
          new Secret.TicketKey(
              Arrays.copyOfRange(bytes, 0, 16),
              Arrays.copyOfRange(bytes, 16, 32),
              Arrays.copyOfRange(bytes, 48, 64)));
    }
    if (keys.isEmpty()) {
      scope.field("keys").error("none", "at least one key");
    }
    return Optional.of(keys);
  }

  private static Optional<Text> required(DataSource source, ParseScope scope, String field) {
    if (source.getSpecifierCase() == DataSource.SpecifierCase.SPECIFIER_NOT_SET) {
      scope.field(field).error("nothing", "one of filename, inline_bytes, inline_string");
      return Optional.empty();
    }
    return text(true, source, scope, field);
  }

  private static Optional<Text> text(
      boolean present, DataSource source, ParseScope scope, String field) {
    if (!present) {
      return Optional.empty();
    }
    ParseScope at = scope.field(field);
    SOURCE.check(source, at);
    return switch (source.getSpecifierCase()) {
      case INLINE_BYTES -> Optional.of(new Text(bytes(source.getInlineBytes()), "<inline>"));
      case INLINE_STRING -> Optional.of(new Text(bytes(source.getInlineStringBytes()), "<inline>"));
      case FILENAME -> file(source.getFilename(), at.field("filename"));
      case ENVIRONMENT_VARIABLE, SPECIFIER_NOT_SET -> Optional.empty();
    };
  }

  private static byte[] bytes(ByteString text) {
    return text.toByteArray();
  }

  private static String path(DataSource source) {
    return source.hasFilename() ? source.getFilename() : "<inline>";
  }

  private static Optional<Text> file(String name, ParseScope scope) {
    try {
      Path path = Path.of(name);
      if (Files.size(path) > Pem.BYTES_MAX) {
        scope.error(name, "a file of at most " + Pem.BYTES_MAX + " bytes");
        return Optional.empty();
      }
      byte[] bytes = Files.readAllBytes(path);
      if (bytes.length == 0) {
        scope.error(name, "a file that is not empty");
        return Optional.empty();
      }
      return Optional.of(new Text(bytes, name));
    } catch (IOException | IllegalArgumentException e) {
      scope.error(name, "a file that can be read: " + e);
      return Optional.empty();
    }
  }
}
