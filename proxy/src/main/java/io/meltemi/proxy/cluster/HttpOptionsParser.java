package io.meltemi.proxy.cluster;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Http1ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.Http2ProtocolOptions;
import io.envoyproxy.envoy.config.core.v3.UpstreamHttpProtocolOptions;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import io.meltemi.proxy.cluster.ClusterSettings.HostNames;
import io.meltemi.proxy.cluster.ClusterSettings.Http;
import io.meltemi.proxy.cluster.ClusterSettings.Protocol;
import io.meltemi.proxy.codec.HeadLimits;
import io.meltemi.proxy.codec.Http2SettingsParser;
import io.meltemi.proxy.codec.NameFormat;
import io.meltemi.proxy.codec.NameFormatParser;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How a cluster speaks HTTP, from all the places where its proto may say so. Any thread. */
final class HttpOptionsParser {
  private static final String HTTP_OPTIONS =
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  private static final SupportedFields HTTP =
      SupportedFields.of(
          HttpProtocolOptions.class,
          "common_http_protocol_options",
          "explicit_http_config",
          "auto_config",
          "use_downstream_protocol_config",
          "upstream_http_protocol_options",
          "hash_policy");
  private static final SupportedFields HOST_NAMES =
      SupportedFields.of(
          UpstreamHttpProtocolOptions.class,
          "auto_sni",
          "auto_san_validation",
          "override_auto_sni_header");
  private static final SupportedFields EXPLICIT =
      SupportedFields.of(
          HttpProtocolOptions.ExplicitHttpConfig.class,
          "http_protocol_options",
          "http2_protocol_options");
  private static final SupportedFields AUTO =
      SupportedFields.of(
          HttpProtocolOptions.AutoHttpConfig.class,
          "http_protocol_options",
          "http2_protocol_options");
  private static final SupportedFields SAME_AS_DOWNSTREAM =
      SupportedFields.of(
          HttpProtocolOptions.UseDownstreamHttpConfig.class,
          "http_protocol_options",
          "http2_protocol_options");
  private static final SupportedFields COMMON_HTTP =
      SupportedFields.of(
          io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions.class,
          "idle_timeout",
          "max_connection_duration",
          "max_stream_duration",
          "max_headers_count",
          "max_response_headers_kb",
          "max_requests_per_connection");
  private static final SupportedFields HTTP1 =
      SupportedFields.of(
              Http1ProtocolOptions.class,
              "enable_trailers",
              "allow_chunked_length",
              "header_key_format")
          .withoutEffect(
              "concerns servers only",
              "allow_absolute_url",
              "accept_http_10",
              "default_host_for_http_10");

  private HttpOptionsParser() {}

  /**
   * Which version a cluster speaks, and where its options are written.
   *
   * @param http2 the message, or an empty one
   */
  private record Version(
      Protocol protocol, NameFormat spelling, Http2ProtocolOptions http2, ParseScope http2Scope) {}

  private static NameFormat http1(Http1ProtocolOptions proto, ParseScope scope) {
    ParseScope at = scope.field("http_protocol_options");
    HTTP1.check(proto, at);
    return NameFormatParser.parse(proto, at);
  }

  @SuppressWarnings("deprecation") // old bootstraps still use the cluster's own HTTP fields
  static Http parse(Cluster proto, ParseScope scope) {
    io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions common =
        proto.getCommonHttpProtocolOptions();
    ParseScope commonScope = scope.field("common_http_protocol_options");
    Version version =
        new Version(
            proto.hasHttp2ProtocolOptions() ? Protocol.HTTP2 : Protocol.HTTP1,
            http1(proto.getHttpProtocolOptions(), scope),
            proto.getHttp2ProtocolOptions(),
            scope.field("http2_protocol_options"));
    List<HashPolicy> hashPolicies = List.of();
    HostNames names = HostNames.NONE;
    if (proto.hasUpstreamHttpProtocolOptions()) {
      names =
          hostNames(
              proto.getUpstreamHttpProtocolOptions(),
              scope.field("upstream_http_protocol_options"));
    }
    for (Map.Entry<String, Any> entry : proto.getTypedExtensionProtocolOptionsMap().entrySet()) {
      ParseScope entryScope = scope.field("typed_extension_protocol_options", entry.getKey());
      if (!MessageTypes.holds(entry.getValue(), HttpProtocolOptions.class)
          || !entry.getKey().equals(HTTP_OPTIONS)) {
        entryScope.unsupported(entry.getKey() + " " + entry.getValue().getTypeUrl());
        continue;
      }
      Optional<HttpProtocolOptions> options =
          entryScope.unpack(entry.getValue(), HttpProtocolOptions.class, HTTP);
      if (options.isEmpty()) {
        continue;
      }
      if (options.get().hasCommonHttpProtocolOptions()) {
        common = options.get().getCommonHttpProtocolOptions();
        commonScope = entryScope.field("common_http_protocol_options");
      }
      if (options.get().hasUpstreamHttpProtocolOptions()) {
        names =
            hostNames(
                options.get().getUpstreamHttpProtocolOptions(),
                entryScope.field("upstream_http_protocol_options"));
      }
      version = version(options.get(), proto, entryScope);
      hashPolicies =
          HashPolicyParser.parseAll(
              NewerFields.messages(
                  options.get().getUnknownFields(),
                  NewerFields.HASH_POLICY,
                  RouteAction.HashPolicy.parser(),
                  entryScope.field("hash_policy")),
              entryScope);
    }
    COMMON_HTTP.check(common, commonScope);
    Http defaults = Http.DEFAULT;
    long requests =
        common.hasMaxRequestsPerConnection()
            ? common.getMaxRequestsPerConnection().getValue()
            : proto.getMaxRequestsPerConnection().getValue();
    return new Http(
        version.protocol,
        commonScope
            .field("idle_timeout")
            .durationNanos(
                common.hasIdleTimeout(), common.getIdleTimeout(), defaults.idleTimeoutNanos()),
        Math.clamp(requests, 0, Integer.MAX_VALUE),
        commonScope
            .field("max_connection_duration")
            .durationNanos(common.hasMaxConnectionDuration(), common.getMaxConnectionDuration(), 0),
        commonScope
            .field("max_stream_duration")
            .durationNanos(common.hasMaxStreamDuration(), common.getMaxStreamDuration(), 0),
        responseHead(common, commonScope),
        version.spelling,
        version.protocol == Protocol.HTTP1
            ? defaults.http2()
            : Http2SettingsParser.parse(version.http2, version.http2Scope),
        names,
        hashPolicies);
  }

  private static HostNames hostNames(UpstreamHttpProtocolOptions proto, ParseScope scope) {
    HOST_NAMES.check(proto, scope);
    String header = proto.getOverrideAutoSniHeader();
    return new HostNames(
        proto.getAutoSni(),
        proto.getAutoSanValidation(),
        header.isEmpty() ? Optional.empty() : Optional.of(HeaderName.of(header)));
  }

  private static Version version(HttpProtocolOptions options, Cluster proto, ParseScope scope) {
    return switch (options.getUpstreamProtocolOptionsCase()) {
      case EXPLICIT_HTTP_CONFIG -> {
        ParseScope at = scope.field("explicit_http_config");
        HttpProtocolOptions.ExplicitHttpConfig config = options.getExplicitHttpConfig();
        EXPLICIT.check(config, at);
        NameFormat spelling = http1(config.getHttpProtocolOptions(), at);
        yield new Version(
            config.hasHttp2ProtocolOptions() ? Protocol.HTTP2 : Protocol.HTTP1,
            spelling,
            config.getHttp2ProtocolOptions(),
            at.field("http2_protocol_options"));
      }
      case AUTO_CONFIG -> {
        ParseScope at = scope.field("auto_config");
        HttpProtocolOptions.AutoHttpConfig config = options.getAutoConfig();
        AUTO.check(config, at);
        NameFormat spelling = http1(config.getHttpProtocolOptions(), at);
        if (!proto.hasTransportSocket() && proto.getTransportSocketMatchesCount() == 0) {
          at.error("set", "nothing: without TLS there is no ALPN that could tell the version");
        }
        yield new Version(
            Protocol.AUTO,
            spelling,
            config.getHttp2ProtocolOptions(),
            at.field("http2_protocol_options"));
      }
      case USE_DOWNSTREAM_PROTOCOL_CONFIG -> {
        ParseScope at = scope.field("use_downstream_protocol_config");
        HttpProtocolOptions.UseDownstreamHttpConfig config =
            options.getUseDownstreamProtocolConfig();
        SAME_AS_DOWNSTREAM.check(config, at);
        NameFormat spelling = http1(config.getHttpProtocolOptions(), at);
        yield new Version(
            Protocol.DOWNSTREAM,
            spelling,
            config.getHttp2ProtocolOptions(),
            at.field("http2_protocol_options"));
      }
      case UPSTREAMPROTOCOLOPTIONS_NOT_SET -> {
        scope.error(
            "no version", "explicit_http_config, auto_config or use_downstream_protocol_config");
        yield new Version(
            Protocol.HTTP1,
            NameFormat.LOWER_CASE,
            Http2ProtocolOptions.getDefaultInstance(),
            scope);
      }
    };
  }

  private static HeadLimits responseHead(
      io.envoyproxy.envoy.config.core.v3.HttpProtocolOptions common, ParseScope scope) {
    HeadLimits defaults = HeadLimits.DEFAULT;
    int kilobytes = common.getMaxResponseHeadersKb().getValue();
    if (common.hasMaxResponseHeadersKb() && (kilobytes < 1 || kilobytes > 8192)) {
      scope
          .field("max_response_headers_kb")
          .error(Integer.toUnsignedString(kilobytes), "1 to 8192");
      kilobytes = 1;
    }
    return new HeadLimits(
        common.hasMaxResponseHeadersKb() ? kilobytes * 1024 : defaults.bytesMax(),
        common.hasMaxHeadersCount()
            ? Math.max(1, common.getMaxHeadersCount().getValue())
            : defaults.headersMax());
  }
}
