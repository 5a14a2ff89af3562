package io.meltemi.proxy.transport;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.ProxyProtocolConfig;
import io.envoyproxy.envoy.config.core.v3.TlvEntry;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport;
import io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext.CombinedCertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsParameters.TlsProtocol;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.transport.TlsParameters.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * {@code core.v3.TransportSocket} to transports. Every other transport socket than TLS, plain text
 * and the PROXY protocol in front of them is refused by name. Configuration thread.
 */
public final class TransportSocketParser {
  private static final SupportedFields INSIDE =
      SupportedFields.of(
          InternalUpstreamTransport.class, "passthrough_metadata", "transport_socket");
  private static final SupportedFields PASSED =
      SupportedFields.of(InternalUpstreamTransport.MetadataValueSource.class, "kind", "name");

  /** The second only tells of what runs at the host, which nothing asks for. */
  private static final Set<String> PASSED_NAMES =
      Set.of("envoy.filters.listener.original_dst", "istio");

  private static final SupportedFields SOCKET =
      SupportedFields.of(TransportSocket.class, "name", "typed_config");
  private static final SupportedFields DOWNSTREAM =
      SupportedFields.of(
              DownstreamTlsContext.class,
              "common_tls_context",
              "require_client_certificate",
              "require_sni",
              "session_ticket_keys",
              "session_ticket_keys_sds_secret_config",
              "disable_stateless_session_resumption",
              "disable_stateful_session_resumption",
              "session_timeout",
              "full_scan_certs_on_sni_mismatch",
              "prefer_client_ciphers")
          .withoutEffect("no OCSP responses are stapled", "ocsp_staple_policy");
  private static final SupportedFields UPSTREAM =
      SupportedFields.of(
              UpstreamTlsContext.class,
              "common_tls_context",
              "sni",
              "auto_host_sni",
              "auto_sni_san_validation",
              "max_session_keys")
          .withoutEffect("the engine's own check of key usage", "enforce_rsa_key_usage");
  private static final SupportedFields COMMON =
      SupportedFields.of(
          CommonTlsContext.class,
          "tls_params",
          "tls_certificates",
          "tls_certificate_sds_secret_configs",
          "validation_context",
          "validation_context_sds_secret_config",
          "combined_validation_context",
          "alpn_protocols");
  private static final SupportedFields COMBINED =
      SupportedFields.of(
          CombinedCertificateValidationContext.class,
          "default_validation_context",
          "validation_context_sds_secret_config");
  private static final SupportedFields PARAMETERS =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsParameters.class,
          "tls_minimum_protocol_version",
          "tls_maximum_protocol_version",
          "cipher_suites",
          "ecdh_curves");
  private static final SupportedFields INTRODUCING =
      SupportedFields.of(ProxyProtocolUpstreamTransport.class, "config", "transport_socket");
  private static final SupportedFields HEADER =
      SupportedFields.of(ProxyProtocolConfig.class, "version", "added_tlvs");
  private static final SupportedFields EXTRA = SupportedFields.of(TlvEntry.class, "type", "value");
  private static final int NAME_BYTES_MAX = 255;

  /** Beside the longest addresses. */
  private static final int EXTRA_BYTES_MAX = ProxyHeader.BYTES_MAX - 36;

  private final Secrets secrets;
  private final SecretUses uses;
  private final Supplier<TlsEngine> engine;
  private final Ticker ticker;

  /**
   * @param engine asked for at the first connection over TLS
   */
  public TransportSocketParser(Secrets secrets, Supplier<TlsEngine> engine, Ticker ticker) {
    this.secrets = secrets;
    this.uses = new SecretUses(secrets);
    this.engine = engine;
    this.ticker = ticker;
  }

  private static boolean isRaw(TransportSocket proto) {
    return MessageTypes.holds(proto.getTypedConfig(), RawBuffer.class);
  }

  private static void refuse(TransportSocket proto, ParseScope scope) {
    String url = proto.getTypedConfig().getTypeUrl();
    scope.unsupported(url.isEmpty() ? proto.getName() : proto.getName() + " (" + url + ")");
  }

  /** The socket of a filter chain; empty for plain text, and with an error when bad. */
  public Optional<DownstreamTransport> downstream(TransportSocket proto, ParseScope scope) {
    SOCKET.check(proto, scope);
    Any config = proto.getTypedConfig();
    if (isRaw(proto)) {
      return Optional.empty();
    }
    if (!MessageTypes.holds(config, DownstreamTlsContext.class)) {
      refuse(proto, scope);
      return Optional.empty();
    }
    ParseScope at = scope.field("typed_config");
    return at.unpack(config, DownstreamTlsContext.class, DOWNSTREAM)
        .flatMap(context -> downstream(context, at));
  }

  private Optional<DownstreamTransport> downstream(DownstreamTlsContext proto, ParseScope scope) {
    CommonTlsContext common = proto.getCommonTlsContext();
    ParseScope at = scope.field("common_tls_context");
    TlsParameters parameters = common(common, at, Version.TLS1_3);
    Optional<SecretSet> set = secrets(common, at);
    if (common.getTlsCertificatesCount() == 0
        && common.getTlsCertificateSdsSecretConfigsCount() == 0) {
      at.field("tls_certificates")
          .error("none", "a certificate, or tls_certificate_sds_secret_configs");
    }
    List<SecretSlot> tickets = tickets(proto, scope);
    long timeout =
        proto.hasSessionTimeout()
            ? scope.field("session_timeout").durationNanos(proto.getSessionTimeout())
                / 1_000_000_000L
            : 0;
    if (scope.out().hasErrors() || set.isEmpty()) {
      return Optional.empty();
    }
    ServerSettings settings =
        new ServerSettings(
            parameters,
            common.getAlpnProtocolsList(),
            proto.getRequireClientCertificate().getValue(),
            proto.getRequireSni().getValue(),
            new ServerSettings.Choice(
                proto.getFullScanCertsOnSniMismatch().getValue(), proto.getPreferClientCiphers()),
            new ServerSettings.Resumption(
                !proto.getDisableStatelessSessionResumption(),
                !proto.getDisableStatefulSessionResumption(),
                timeout));
    SecretSet inline = set.get();
    return Optional.of(
        new DownstreamTransport(
            settings,
            new SecretSet(inline.certificates(), inline.validation(), tickets, inline.defaults()),
            engine,
            ticker));
  }

  private List<SecretSlot> tickets(DownstreamTlsContext proto, ParseScope scope) {
    return switch (proto.getSessionTicketKeysTypeCase()) {
      case SESSION_TICKET_KEYS ->
          secrets
              .parser()
              .ticketKeys(proto.getSessionTicketKeys(), scope.field("session_ticket_keys"))
              .map(keys -> List.of(SecretSlot.fixed(new Secret.TicketKeys(keys))))
              .orElse(List.of());
      case SESSION_TICKET_KEYS_SDS_SECRET_CONFIG ->
          uses.slot(
                  proto.getSessionTicketKeysSdsSecretConfig(),
                  Secret.TicketKeys.class,
                  scope.field("session_ticket_keys_sds_secret_config"))
              .map(List::of)
              .orElse(List.of());
      case DISABLE_STATELESS_SESSION_RESUMPTION, SESSIONTICKETKEYSTYPE_NOT_SET -> List.of();
    };
  }

  /** The socket towards hosts; plain text, and an error, when bad. */
  public UpstreamSocket upstream(TransportSocket proto, ParseScope scope) {
    Any config = proto.getTypedConfig();
    if (MessageTypes.holds(config, InternalUpstreamTransport.class)) {
      SOCKET.check(proto, scope);
      ParseScope within = scope.field("typed_config");
      return within
          .unpack(config, InternalUpstreamTransport.class, INSIDE)
          .map(internal -> inside(internal, within))
          .orElse(UpstreamSocket.RAW);
    }
    if (!MessageTypes.holds(config, ProxyProtocolUpstreamTransport.class)) {
      return new UpstreamSocket(inner(proto, scope), Optional.empty());
    }
    SOCKET.check(proto, scope);
    ParseScope at = scope.field("typed_config");
    return at.unpack(config, ProxyProtocolUpstreamTransport.class, INTRODUCING)
        .map(introducing -> introducing(introducing, at))
        .orElse(UpstreamSocket.RAW);
  }

  private UpstreamSocket introducing(ProxyProtocolUpstreamTransport proto, ParseScope scope) {
    ParseScope at = scope.field("config");
    HEADER.check(proto.getConfig(), at);
    if (proto.getConfig().getVersion() == ProxyProtocolConfig.Version.UNRECOGNIZED) {
      at.field("version").error("unknown", "V1 or V2");
    }
    List<ProxyHeader.Extra> extras = new ArrayList<>();
    for (int i = 0; i < proto.getConfig().getAddedTlvsCount(); i++) {
      TlvEntry entry = proto.getConfig().getAddedTlvs(i);
      ParseScope entryAt = at.field("added_tlvs", i);
      EXTRA.check(entry, entryAt);
      if (entry.getType() < 0 || entry.getType() > 0xFF) {
        entryAt.field("type").error(Integer.toUnsignedString(entry.getType()), "0 to 255");
      }
      if (entry.getValue().isEmpty()) {
        entryAt.field("value").error("nothing", "at least one byte");
      }
      extras.add(new ProxyHeader.Extra(entry.getType(), entry.getValue()));
    }
    ProxyHeader header =
        new ProxyHeader(proto.getConfig().getVersion() == ProxyProtocolConfig.Version.V2, extras);
    if (header.extraBytes() > EXTRA_BYTES_MAX) {
      at.field("added_tlvs")
          .error(header.extraBytes() + " bytes", "at most " + EXTRA_BYTES_MAX + " bytes");
    }
    if (!proto.hasTransportSocket()) {
      scope.field("transport_socket").error("nothing", "a transport socket");
      return UpstreamSocket.RAW;
    }
    return new UpstreamSocket(
        inner(proto.getTransportSocket(), scope.field("transport_socket")), Optional.of(header));
  }

  /** TLS; empty for plain text, and with an error when bad. */
  private Optional<UpstreamTransport> inner(TransportSocket proto, ParseScope scope) {
    SOCKET.check(proto, scope);
    Any config = proto.getTypedConfig();
    if (isRaw(proto)) {
      return Optional.empty();
    }
    if (!MessageTypes.holds(config, UpstreamTlsContext.class)) {
      refuse(proto, scope);
      return Optional.empty();
    }
    ParseScope at = scope.field("typed_config");
    return at.unpack(config, UpstreamTlsContext.class).flatMap(context -> upstream(context, at));
  }

  /**
   * The socket inside one that may lead to a listener of the proxy.
   *
   * <p>Differs from Envoy: the metadata that can be passed are passed whether they are asked for or
   * not.
   */
  private UpstreamSocket inside(InternalUpstreamTransport proto, ParseScope scope) {
    for (int i = 0; i < proto.getPassthroughMetadataCount(); i++) {
      ParseScope at = scope.field("passthrough_metadata", i);
      PASSED.check(proto.getPassthroughMetadata(i), at);
      if (!proto.getPassthroughMetadata(i).getKind().hasHost()) {
        at.field("kind").unsupported("metadata of anything but the host");
      }
      if (!PASSED_NAMES.contains(proto.getPassthroughMetadata(i).getName())) {
        at.field("name").unsupported(proto.getPassthroughMetadata(i).getName());
      }
    }
    if (!proto.hasTransportSocket()) {
      scope.field("transport_socket").error("none", "a transport socket");
      return UpstreamSocket.RAW;
    }
    return upstream(proto.getTransportSocket(), scope.field("transport_socket"));
  }

  private Optional<UpstreamTransport> upstream(UpstreamTlsContext proto, ParseScope scope) {
    UPSTREAM.check(proto, scope);
    CommonTlsContext common = proto.getCommonTlsContext();
    ParseScope at = scope.field("common_tls_context");
    TlsParameters parameters = common(common, at, Version.TLS1_2);
    Optional<SecretSet> set = secrets(common, at);
    if (proto.getSniBytes().size() > NAME_BYTES_MAX) {
      scope.field("sni").error(proto.getSni(), "at most " + NAME_BYTES_MAX + " bytes");
    }
    if (common.getTlsCertificatesCount() + common.getTlsCertificateSdsSecretConfigsCount() > 1) {
      at.field("tls_certificates").error("several", "one certificate for a client");
    }
    if (scope.out().hasErrors() || set.isEmpty()) {
      return Optional.empty();
    }
    ClientSettings settings =
        new ClientSettings(
            parameters,
            proto.getSni(),
            common.getAlpnProtocolsList(),
            proto.getAutoHostSni(),
            proto.getAutoSniSanValidation(),
            proto.hasMaxSessionKeys() ? Math.max(0, proto.getMaxSessionKeys().getValue()) : 1);
    return Optional.of(new UpstreamTransport(settings, set.get(), engine, ticker));
  }

  private TlsParameters common(CommonTlsContext proto, ParseScope scope, Version maxDefault) {
    COMMON.check(proto, scope);
    for (int i = 0; i < proto.getAlpnProtocolsCount(); i++) {
      int length = proto.getAlpnProtocolsBytes(i).size();
      if (length == 0 || length > NAME_BYTES_MAX) {
        scope.field("alpn_protocols", i).error(proto.getAlpnProtocols(i), "1 to 255 bytes");
      }
    }
    ParseScope at = scope.field("tls_params");
    var parameters = proto.getTlsParams();
    PARAMETERS.check(parameters, at);
    Version min =
        version(
            parameters.getTlsMinimumProtocolVersion(),
            Version.TLS1_2,
            at.field("tls_minimum_protocol_version"));
    Version max =
        version(
            parameters.getTlsMaximumProtocolVersion(),
            // Differs from Envoy, which then has no version to offer and fails every handshake
            min.compareTo(maxDefault) > 0 ? min : maxDefault,
            at.field("tls_maximum_protocol_version"));
    if (min.compareTo(max) > 0) {
      at.error(min + " to " + max, "a minimum version that is not above the maximum");
    }
    return new TlsParameters(
        min,
        max,
        ciphers(parameters.getCipherSuitesList(), at),
        curves(parameters.getEcdhCurvesList(), at));
  }

  private static Version version(TlsProtocol proto, Version otherwise, ParseScope scope) {
    return switch (proto) {
      case TLS_AUTO -> otherwise;
      case TLSv1_0 -> Version.TLS1_0;
      case TLSv1_1 -> Version.TLS1_1;
      case TLSv1_2 -> Version.TLS1_2;
      case TLSv1_3 -> Version.TLS1_3;
      case UNRECOGNIZED -> {
        scope.error("unknown", "TLSv1_0 to TLSv1_3");
        yield otherwise;
      }
    };
  }

  /** {@code [A|B]} is a group of equals; the engines know no groups, so it is A before B. */
  private static List<String> ciphers(List<String> texts, ParseScope scope) {
    if (texts.isEmpty()) {
      return TlsParameters.CIPHERS_DEFAULT;
    }
    List<String> ciphers = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      for (String text : texts.get(i).split(":", -1)) {
        boolean group = text.startsWith("[") && text.endsWith("]");
        String inner = group ? text.substring(1, text.length() - 1) : text;
        for (String cipher : group ? inner.split("\\|", -1) : new String[] {inner}) {
          if (TlsParameters.isKnownCipher(cipher)) {
            ciphers.add(TlsParameters.openSslName(cipher));
          } else {
            scope.field("cipher_suites", i).error(cipher, "a cipher suite of BoringSSL");
          }
        }
      }
    }
    return ciphers;
  }

  private static List<String> curves(List<String> names, ParseScope scope) {
    if (names.isEmpty()) {
      return TlsParameters.CURVES_DEFAULT;
    }
    for (int i = 0; i < names.size(); i++) {
      if (!TlsParameters.isKnownCurve(names.get(i))) {
        scope
            .field("ecdh_curves", i)
            .error(names.get(i), "one of " + String.join(", ", TlsParameters.knownCurves()));
      }
    }
    return names;
  }

  private Optional<SecretSet> secrets(CommonTlsContext proto, ParseScope scope) {
    List<SecretSlot> certificates = new ArrayList<>();
    for (int i = 0; i < proto.getTlsCertificatesCount(); i++) {
      io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate written =
          proto.getTlsCertificates(i);
      secrets
          .parser()
          .certificate(written, scope.field("tls_certificates", i))
          .ifPresent(
              found ->
                  certificates.add(
                      secrets.inPlace(
                          new Secret.KeyPair(found),
                          io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret
                              .newBuilder()
                              .setTlsCertificate(written)
                              .build())));
    }
    for (int i = 0; i < proto.getTlsCertificateSdsSecretConfigsCount(); i++) {
      uses.slot(
              proto.getTlsCertificateSdsSecretConfigs(i),
              Secret.KeyPair.class,
              scope.field("tls_certificate_sds_secret_configs", i))
          .ifPresent(certificates::add);
    }
    Optional<ValidationSettings> defaults = Optional.of(ValidationSettings.NONE);
    List<SecretSlot> validation = new ArrayList<>();
    switch (proto.getValidationContextTypeCase()) {
      case VALIDATION_CONTEXT -> {
        CertificateValidationContext written = proto.getValidationContext();
        secrets
            .parser()
            .validation(written, scope.field("validation_context"))
            .ifPresent(
                checks ->
                    validation.add(
                        secrets.inPlace(
                            new Secret.Validation(checks),
                            io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret
                                .newBuilder()
                                .setValidationContext(written)
                                .build())));
      }
      case VALIDATION_CONTEXT_SDS_SECRET_CONFIG ->
          uses.slot(
                  proto.getValidationContextSdsSecretConfig(),
                  Secret.Validation.class,
                  scope.field("validation_context_sds_secret_config"))
              .ifPresent(validation::add);
      case COMBINED_VALIDATION_CONTEXT -> {
        CombinedCertificateValidationContext combined = proto.getCombinedValidationContext();
        ParseScope at = scope.field("combined_validation_context");
        COMBINED.check(combined, at);
        defaults =
            secrets
                .parser()
                .defaults(
                    combined.getDefaultValidationContext(), at.field("default_validation_context"));
        uses.slot(
                combined.getValidationContextSdsSecretConfig(),
                Secret.Validation.class,
                at.field("validation_context_sds_secret_config"))
            .ifPresent(validation::add);
      }
      default -> {} // nothing, or refused by name already
    }
    return defaults.map(checks -> new SecretSet(certificates, validation, List.of(), checks));
  }
}
