package io.meltemi.proxy.http;

import com.google.protobuf.BoolValue;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.SchemeHeaderTransformation;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.InternalAddressConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.SetCurrentClientCertDetails;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension;
import io.envoyproxy.envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation;
import io.envoyproxy.envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig;
import io.meltemi.proxy.codec.HeadLimits;
import io.meltemi.proxy.codec.Http2SettingsParser;
import io.meltemi.proxy.codec.NameFormatParser;
import io.meltemi.proxy.http.ForwardedCertificate.Detail;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Answers;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.ClientAddress;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Codec;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.CodecType;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.EscapedSlashes;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Paths;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Protocol;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.RequestIds;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Scheme;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.ServerHeader;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.StripPort;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Times;
import io.meltemi.proxy.http.HttpConnectionManagerSettings.Underscores;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.route.HeaderMutationsParser;
import io.meltemi.proxy.tracing.RequestIdRules;
import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads the fields of {@code HttpConnectionManager} that are not routes, filters or logs. */
final class HttpConnectionManagerParser {
  private static final SupportedFields SCHEME =
      SupportedFields.of(SchemeHeaderTransformation.class, "scheme_to_overwrite", "match_upstream");
  private static final SupportedFields REQUEST_IDS =
      SupportedFields.of(
          UuidRequestIdConfig.class, "pack_trace_reason", "use_request_id_for_trace_sampling");
  private static final SupportedFields MANAGER =
      SupportedFields.of(
              HttpConnectionManager.class,
              "codec_type",
              "stat_prefix",
              "rds",
              "route_config",
              "scoped_routes",
              "http_filters",
              "access_log",
              "server_name",
              "server_header_transformation",
              "scheme_header_transformation",
              "max_request_headers_kb",
              "common_http_protocol_options",
              "http_protocol_options",
              "http2_protocol_options",
              "stream_idle_timeout",
              "request_timeout",
              "request_headers_timeout",
              "drain_timeout",
              "delayed_close_timeout",
              "use_remote_address",
              "xff_num_trusted_hops",
              "internal_address_config",
              "skip_xff_append",
              "append_x_forwarded_port",
              "via",
              "generate_request_id",
              "preserve_external_request_id",
              "always_set_request_id_in_response",
              "request_id_extension",
              "tracing",
              "forward_client_cert_details",
              "set_current_client_cert_details",
              "upgrade_configs",
              "normalize_path",
              "merge_slashes",
              "path_with_escaped_slashes_action",
              "strip_matching_host_port",
              "strip_any_host_port",
              "strip_trailing_host_dot",
              "early_header_mutation_extensions",
              "http1_safe_max_connection_duration")
          .withoutEffect("HTTP/3 is not spoken", "http3_protocol_options")
          .withoutEffect("100 is answered here and not proxied", "proxy_100_continue")
          .withoutEffect(
              "a broken HTTP/1.1 message always ends its connection, one of HTTP/2 its stream",
              "stream_error_on_invalid_http_message");
  private static final SupportedFields CERTIFICATE =
      SupportedFields.of(
          SetCurrentClientCertDetails.class, "subject", "cert", "chain", "dns", "uri");
  private static final SupportedFields COMMON =
      SupportedFields.of(
          HttpProtocolOptions.class,
          "idle_timeout",
          "max_connection_duration",
          "max_headers_count",
          "max_stream_duration",
          "headers_with_underscores_action",
          "max_requests_per_connection");
  private static final SupportedFields HTTP1 =
      SupportedFields.of(
              Http1ProtocolOptions.class,
              "accept_http_10",
              "default_host_for_http_10",
              "allow_absolute_url",
              "header_key_format")
          .withoutEffect("trailers are always passed on", "enable_trailers")
          .withoutEffect(
              "a broken HTTP/1.1 message always ends its connection",
              "override_stream_error_on_invalid_http_message");
  private static final SupportedFields EARLY =
      SupportedFields.of(HeaderMutation.class, "mutations");
  private static final SupportedFields UPGRADE =
      SupportedFields.of(UpgradeConfig.class, "upgrade_type", "enabled", "filters");
  private static final SupportedFields INTERNAL =
      SupportedFields.of(InternalAddressConfig.class, "cidr_ranges")
          .withoutEffect("clients come by TCP", "unix_sockets");

  private final HeaderMutationsParser headers;

  HttpConnectionManagerParser(HeaderMutationsParser headers) {
    this.headers = headers;
  }

  HttpConnectionManagerSettings parse(HttpConnectionManager proto, ParseScope scope) {
    MANAGER.check(proto, scope);
    if (proto.getStatPrefix().isEmpty()) {
      scope.field("stat_prefix").error("\"\"", "at least one character");
    }
    return new HttpConnectionManagerSettings(
        proto.getStatPrefix(),
        clientAddress(proto, scope),
        certificate(proto, scope),
        new RequestIds(
            flag(proto.hasGenerateRequestId(), proto.getGenerateRequestId(), true),
            proto.getPreserveExternalRequestId(),
            proto.getAlwaysSetRequestIdInResponse(),
            requestIds(proto.getRequestIdExtension(), scope.field("request_id_extension"))),
        answers(proto, scope),
        paths(proto, scope),
        scheme(proto.getSchemeHeaderTransformation(), scope.field("scheme_header_transformation")),
        times(proto, scope),
        protocol(proto, scope),
        codec(proto, scope),
        upgrades(proto, scope),
        early(proto, scope));
  }

  private HeaderMutations early(HttpConnectionManager proto, ParseScope scope) {
    List<HeaderMutations.Level> levels = new ArrayList<>();
    for (int i = 0; i < proto.getEarlyHeaderMutationExtensionsCount(); i++) {
      TypedExtensionConfig config = proto.getEarlyHeaderMutationExtensions(i);
      ParseScope at = scope.field("early_header_mutation_extensions", i).field("typed_config");
      if (!MessageTypes.holds(config.getTypedConfig(), HeaderMutation.class)) {
        at.unsupported(config.getName() + " " + config.getTypedConfig().getTypeUrl());
        continue;
      }
      at.unpack(config.getTypedConfig(), HeaderMutation.class, EARLY)
          .ifPresent(
              early ->
                  levels.addAll(
                      headers.parseList(early.getMutationsList(), at, "mutations").levels()));
    }
    return HeaderMutations.of(levels);
  }

  private static Scheme scheme(SchemeHeaderTransformation proto, ParseScope scope) {
    SCHEME.check(proto, scope);
    String fixed = proto.getSchemeToOverwrite();
    if (proto.hasSchemeToOverwrite() && !fixed.equals("http") && !fixed.equals("https")) {
      scope.field("scheme_to_overwrite").error("\"" + fixed + "\"", "http or https");
    }
    return new Scheme(fixed, proto.getMatchUpstream());
  }

  private static RequestIdRules requestIds(RequestIDExtension proto, ParseScope scope) {
    if (!proto.hasTypedConfig()) {
      return RequestIdRules.DEFAULT;
    }
    ParseScope at = scope.field("typed_config");
    return at.unpack(proto.getTypedConfig(), UuidRequestIdConfig.class, REQUEST_IDS)
        .map(
            config ->
                new RequestIdRules(
                    flag(config.hasPackTraceReason(), config.getPackTraceReason(), true),
                    flag(
                        config.hasUseRequestIdForTraceSampling(),
                        config.getUseRequestIdForTraceSampling(),
                        true)))
        .orElse(RequestIdRules.DEFAULT);
  }

  private static boolean flag(boolean present, BoolValue value, boolean otherwise) {
    return present ? value.getValue() : otherwise;
  }

  private static ForwardedCertificate certificate(HttpConnectionManager proto, ParseScope scope) {
    ForwardedCertificate.Mode mode =
        switch (proto.getForwardClientCertDetails()) {
          case SANITIZE -> ForwardedCertificate.Mode.SANITIZE;
          case FORWARD_ONLY -> ForwardedCertificate.Mode.FORWARD_ONLY;
          case APPEND_FORWARD -> ForwardedCertificate.Mode.APPEND_FORWARD;
          case SANITIZE_SET -> ForwardedCertificate.Mode.SANITIZE_SET;
          case ALWAYS_FORWARD_ONLY -> ForwardedCertificate.Mode.ALWAYS_FORWARD_ONLY;
          case UNRECOGNIZED -> {
            scope.field("forward_client_cert_details").error("unknown", "a known value");
            yield ForwardedCertificate.Mode.SANITIZE;
          }
        };
    SetCurrentClientCertDetails details = proto.getSetCurrentClientCertDetails();
    CERTIFICATE.check(details, scope.field("set_current_client_cert_details"));
    Set<Detail> told = EnumSet.noneOf(Detail.class);
    if (details.getSubject().getValue()) {
      told.add(Detail.SUBJECT);
    }
    if (details.getCert()) {
      told.add(Detail.CERT);
    }
    if (details.getChain()) {
      told.add(Detail.CHAIN);
    }
    if (details.getUri()) {
      told.add(Detail.URI);
    }
    if (details.getDns()) {
      told.add(Detail.DNS);
    }
    return new ForwardedCertificate(mode, told);
  }

  private static ClientAddress clientAddress(HttpConnectionManager proto, ParseScope scope) {
    List<IpRange> ranges = new ArrayList<>();
    InternalAddressConfig internal = proto.getInternalAddressConfig();
    INTERNAL.check(internal, scope.field("internal_address_config"));
    for (int i = 0; i < internal.getCidrRangesCount(); i++) {
      CidrRange range = internal.getCidrRanges(i);
      String text = range.getAddressPrefix() + "/" + range.getPrefixLen().getValue();
      byte[] bytes = NetUtil.createByteArrayFromIpAddressString(range.getAddressPrefix());
      int bits = range.getPrefixLen().getValue();
      if (bytes == null || bits < 0 || bits > bytes.length * 8) {
        scope
            .field("internal_address_config")
            .field("cidr_ranges", i)
            .error(text, "an address and a prefix length");
      } else {
        ranges.add(
            IpRange.of(
                NetUtil.createInetAddressFromIpAddressString(range.getAddressPrefix()), bits));
      }
    }
    return new ClientAddress(
        flag(proto.hasUseRemoteAddress(), proto.getUseRemoteAddress(), false),
        proto.getXffNumTrustedHops(),
        proto.getSkipXffAppend(),
        proto.getAppendXForwardedPort(),
        ranges);
  }

  private static Answers answers(HttpConnectionManager proto, ParseScope scope) {
    ServerHeader mode =
        switch (proto.getServerHeaderTransformation()) {
          case OVERWRITE -> ServerHeader.OVERWRITE;
          case APPEND_IF_ABSENT -> ServerHeader.APPEND_IF_ABSENT;
          case PASS_THROUGH -> ServerHeader.PASS_THROUGH;
          case UNRECOGNIZED -> {
            scope.field("server_header_transformation").error("unknown", "a known value");
            yield ServerHeader.OVERWRITE;
          }
        };
    String name = proto.getServerName().isEmpty() ? "envoy" : proto.getServerName();
    return new Answers(name, mode, proto.getVia());
  }

  private static Paths paths(HttpConnectionManager proto, ParseScope scope) {
    EscapedSlashes slashes =
        switch (proto.getPathWithEscapedSlashesAction()) {
          case IMPLEMENTATION_SPECIFIC_DEFAULT, KEEP_UNCHANGED -> EscapedSlashes.KEEP;
          case REJECT_REQUEST -> EscapedSlashes.REJECT;
          case UNESCAPE_AND_REDIRECT -> EscapedSlashes.UNESCAPE_AND_REDIRECT;
          case UNESCAPE_AND_FORWARD -> EscapedSlashes.UNESCAPE_AND_FORWARD;
          case UNRECOGNIZED -> {
            scope.field("path_with_escaped_slashes_action").error("unknown", "a known value");
            yield EscapedSlashes.KEEP;
          }
        };
    StripPort port =
        proto.getStripAnyHostPort()
            ? StripPort.ANY
            : proto.getStripMatchingHostPort() ? StripPort.MATCHING : StripPort.NONE;
    return new Paths(
        flag(proto.hasNormalizePath(), proto.getNormalizePath(), false),
        proto.getMergeSlashes(),
        slashes,
        port,
        proto.getStripTrailingHostDot());
  }

  private static Times times(HttpConnectionManager proto, ParseScope scope) {
    HttpProtocolOptions common = proto.getCommonHttpProtocolOptions();
    ParseScope commonScope = scope.field("common_http_protocol_options");
    Times defaults = Times.DEFAULT;
    return new Times(
        commonScope
            .field("idle_timeout")
            .durationNanos(
                common.hasIdleTimeout(), common.getIdleTimeout(), defaults.connectionIdleNanos()),
        commonScope
            .field("max_connection_duration")
            .durationNanos(
                common.hasMaxConnectionDuration(),
                common.getMaxConnectionDuration(),
                defaults.connectionNanosMax()),
        scope
            .field("stream_idle_timeout")
            .durationNanos(
                proto.hasStreamIdleTimeout(),
                proto.getStreamIdleTimeout(),
                defaults.streamIdleNanos()),
        commonScope
            .field("max_stream_duration")
            .durationNanos(
                common.hasMaxStreamDuration(),
                common.getMaxStreamDuration(),
                defaults.streamNanosMax()),
        scope
            .field("request_timeout")
            .durationNanos(
                proto.hasRequestTimeout(), proto.getRequestTimeout(), defaults.requestNanos()),
        scope
            .field("request_headers_timeout")
            .durationNanos(
                proto.hasRequestHeadersTimeout(),
                proto.getRequestHeadersTimeout(),
                defaults.requestHeadersNanos()),
        scope
            .field("drain_timeout")
            .durationNanos(proto.hasDrainTimeout(), proto.getDrainTimeout(), defaults.drainNanos()),
        scope
            .field("delayed_close_timeout")
            .durationNanos(
                proto.hasDelayedCloseTimeout(),
                proto.getDelayedCloseTimeout(),
                defaults.delayedCloseNanos()));
  }

  private static Protocol protocol(HttpConnectionManager proto, ParseScope scope) {
    HttpProtocolOptions common = proto.getCommonHttpProtocolOptions();
    COMMON.check(common, scope.field("common_http_protocol_options"));
    Http1ProtocolOptions http1 = proto.getHttpProtocolOptions();
    HTTP1.check(http1, scope.field("http_protocol_options"));
    if (http1.hasAllowAbsoluteUrl() && !http1.getAllowAbsoluteUrl().getValue()) {
      scope.field("http_protocol_options").field("allow_absolute_url").unsupported("false");
    }
    Underscores underscores =
        switch (common.getHeadersWithUnderscoresAction()) {
          case ALLOW -> Underscores.ALLOW;
          case REJECT_REQUEST -> Underscores.REJECT;
          case DROP_HEADER -> Underscores.DROP;
          case UNRECOGNIZED -> {
            scope
                .field("common_http_protocol_options")
                .field("headers_with_underscores_action")
                .error("unknown", "a known value");
            yield Underscores.ALLOW;
          }
        };
    int kilobytes = proto.hasMaxRequestHeadersKb() ? proto.getMaxRequestHeadersKb().getValue() : 60;
    if (kilobytes < 1 || kilobytes > 8192) {
      scope.field("max_request_headers_kb").error(String.valueOf(kilobytes), "1 to 8192");
      kilobytes = 60;
    }
    int headersMax =
        common.hasMaxHeadersCount() ? Math.max(1, common.getMaxHeadersCount().getValue()) : 100;
    return new Protocol(
        new HeadLimits(kilobytes * 1024, headersMax),
        underscores,
        common.getMaxRequestsPerConnection().getValue(),
        proto.getHttp1SafeMaxConnectionDuration(),
        http1.getAcceptHttp10(),
        http1.getDefaultHostForHttp10(),
        NameFormatParser.parse(http1, scope.field("http_protocol_options")));
  }

  private static Codec codec(HttpConnectionManager proto, ParseScope scope) {
    CodecType type =
        switch (proto.getCodecType()) {
          case AUTO -> CodecType.AUTO;
          case HTTP1 -> CodecType.HTTP1;
          case HTTP2 -> CodecType.HTTP2;
          case HTTP3, UNRECOGNIZED -> {
            scope.field("codec_type").unsupported(proto.getCodecType().name());
            yield CodecType.AUTO;
          }
        };
    return new Codec(
        type,
        Http2SettingsParser.parse(
            proto.getHttp2ProtocolOptions(), scope.field("http2_protocol_options")));
  }

  private static Map<String, Boolean> upgrades(HttpConnectionManager proto, ParseScope scope) {
    Map<String, Boolean> types = new HashMap<>();
    for (int i = 0; i < proto.getUpgradeConfigsCount(); i++) {
      UpgradeConfig config = proto.getUpgradeConfigs(i);
      ParseScope at = scope.field("upgrade_configs", i);
      UPGRADE.check(config, at);
      String type = config.getUpgradeType().toLowerCase(Locale.ROOT);
      if (type.equals("connect-udp")) {
        at.field("upgrade_type").unsupported(config.getUpgradeType());
      } else if (types.put(type, flag(config.hasEnabled(), config.getEnabled(), true)) != null) {
        at.field("upgrade_type").error(type, "each upgrade once");
      }
    }
    return types;
  }
}
