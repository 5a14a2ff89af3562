package io.meltemi.proxy.route;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.SubstitutionFormatString;
import io.envoyproxy.envoy.config.route.v3.DirectResponseAction;
import io.envoyproxy.envoy.config.route.v3.RedirectAction;
import io.envoyproxy.envoy.config.route.v3.RouteAction.MaxStreamDuration;
import io.envoyproxy.envoy.config.route.v3.RouteAction.RequestMirrorPolicy;
import io.envoyproxy.envoy.config.route.v3.RouteAction.UpgradeConfig;
import io.meltemi.proxy.cluster.HashPolicyParser;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.FractionParser;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteAction.Body;
import io.meltemi.proxy.route.RouteAction.HostRewrite;
import io.meltemi.proxy.route.RouteAction.PathRewrite;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Route actions from protos. Every part reports to its scope; a bad part becomes a neutral one. */
final class RouteActionParser {
  private static final SupportedFields FORWARD =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.RouteAction.class,
          "cluster",
          "cluster_header",
          "weighted_clusters",
          "cluster_not_found_response_code",
          "prefix_rewrite",
          "regex_rewrite",
          "host_rewrite_literal",
          "auto_host_rewrite",
          "host_rewrite_header",
          "host_rewrite_path_regex",
          "append_x_forwarded_host",
          "timeout",
          "idle_timeout",
          "retry_policy",
          "request_mirror_policies",
          "priority",
          "hash_policy",
          "max_grpc_timeout",
          "grpc_timeout_offset",
          "upgrade_configs",
          "rate_limits",
          "include_vh_rate_limits",
          "max_stream_duration");
  private static final SupportedFields STREAM_DURATION =
      SupportedFields.of(
          MaxStreamDuration.class,
          "max_stream_duration",
          "grpc_timeout_header_max",
          "grpc_timeout_header_offset");
  private static final SupportedFields MIRROR =
      SupportedFields.of(
              RequestMirrorPolicy.class,
              "cluster",
              "cluster_header",
              "runtime_fraction",
              "disable_shadow_host_suffix_append")
          .withoutEffect("nothing is traced yet", "trace_sampled");
  private static final SupportedFields UPGRADE =
      SupportedFields.of(UpgradeConfig.class, "upgrade_type", "enabled", "connect_config");
  private static final SupportedFields CONNECT =
      SupportedFields.of(UpgradeConfig.ConnectConfig.class, "allow_post");
  private static final SupportedFields REDIRECT =
      SupportedFields.of(
          RedirectAction.class,
          "https_redirect",
          "scheme_redirect",
          "host_redirect",
          "port_redirect",
          "path_redirect",
          "prefix_rewrite",
          "regex_rewrite",
          "response_code",
          "strip_query");
  private static final SupportedFields DIRECT =
      SupportedFields.of(DirectResponseAction.class, "status", "body", "body_format");
  private static final SupportedFields FORMAT =
      SupportedFields.of(SubstitutionFormatString.class, "text_format", "text_format_source");
  private static final SupportedFields DATA =
      SupportedFields.of(DataSource.class, "inline_bytes", "inline_string");

  /** What a route takes over from its virtual host. */
  record Inherited(
      Optional<RetryPolicy> retryPolicy,
      List<MirrorPolicy> mirrors,
      boolean includeAttemptCount,
      boolean attemptCountInResponse,
      long bodyBytesMax) {}

  private RouteActionParser() {}

  static Optional<RouteAction> forward(
      io.envoyproxy.envoy.config.route.v3.RouteAction proto,
      Inherited inherited,
      ShareParser shares,
      ParseScope scope) {
    FORWARD.check(proto, scope);
    PathRewrite pathRewrite = pathRewrite(proto, scope);
    HostRewrite hostRewrite = hostRewrite(proto, scope);
    Timeouts timeouts = timeouts(proto, scope);
    Optional<RetryPolicy> retry =
        proto.hasRetryPolicy()
            ? RetryPolicyParser.parse(proto.getRetryPolicy(), scope.field("retry_policy"))
            : inherited.retryPolicy();
    List<MirrorPolicy> mirrors =
        proto.getRequestMirrorPoliciesCount() > 0
            ? mirrors(proto.getRequestMirrorPoliciesList(), scope)
            : inherited.mirrors();
    RouteAction.ForwardOptions options = options(proto, inherited, scope);
    return cluster(proto, shares, scope)
        .map(
            cluster ->
                new RouteAction.Forward(
                    cluster, pathRewrite, hostRewrite, timeouts, retry, mirrors, options));
  }

  /** Parses the shares of a weighted cluster, which inherit from their route. */
  interface ShareParser {
    Optional<ClusterSpecifier> parse(
        io.envoyproxy.envoy.config.route.v3.WeightedCluster proto, ParseScope scope);
  }

  private static Optional<ClusterSpecifier> cluster(
      io.envoyproxy.envoy.config.route.v3.RouteAction proto, ShareParser shares, ParseScope scope) {
    return switch (proto.getClusterSpecifierCase()) {
      case CLUSTER -> named(proto.getCluster(), scope.field("cluster"));
      case CLUSTER_HEADER -> fromHeader(proto.getClusterHeader(), scope.field("cluster_header"));
      case WEIGHTED_CLUSTERS ->
          shares.parse(proto.getWeightedClusters(), scope.field("weighted_clusters"));
      // reported as unsupported already
      case CLUSTER_SPECIFIER_PLUGIN, INLINE_CLUSTER_SPECIFIER_PLUGIN -> Optional.empty();
      case CLUSTERSPECIFIER_NOT_SET -> {
        scope.error("no cluster", "one of cluster, cluster_header, weighted_clusters");
        yield Optional.empty();
      }
    };
  }

  static Optional<ClusterSpecifier> named(String cluster, ParseScope scope) {
    if (cluster.isEmpty()) {
      scope.error("\"\"", "the name of a cluster");
      return Optional.empty();
    }
    return Optional.of(new ClusterSpecifier.Single(cluster));
  }

  static Optional<ClusterSpecifier> fromHeader(String header, ParseScope scope) {
    return headerName(header, scope).map(ClusterSpecifier.FromHeader::new);
  }

  static Optional<HeaderName> headerName(String name, ParseScope scope) {
    if (!HeaderName.isValid(name)) {
      scope.error("\"" + name + "\"", "a header name");
      return Optional.empty();
    }
    return Optional.of(HeaderName.of(name));
  }

  private static PathRewrite pathRewrite(
      io.envoyproxy.envoy.config.route.v3.RouteAction proto, ParseScope scope) {
    if (proto.hasRegexRewrite()) {
      if (!proto.getPrefixRewrite().isEmpty()) {
        scope.field("regex_rewrite").error("set", "prefix_rewrite or regex_rewrite, not both");
      }
      return StringMatcherParser.rewrite(proto.getRegexRewrite(), scope.field("regex_rewrite"))
          .<PathRewrite>map(PathRewrite.Regex::new)
          .orElse(PathRewrite.None.INSTANCE);
    }
    return proto.getPrefixRewrite().isEmpty()
        ? PathRewrite.None.INSTANCE
        : new PathRewrite.Prefix(proto.getPrefixRewrite());
  }

  private static HostRewrite hostRewrite(
      io.envoyproxy.envoy.config.route.v3.RouteAction proto, ParseScope scope) {
    return switch (proto.getHostRewriteSpecifierCase()) {
      case HOST_REWRITE_LITERAL ->
          proto.getHostRewriteLiteral().isEmpty()
              ? HostRewrite.None.INSTANCE
              : new HostRewrite.Literal(proto.getHostRewriteLiteral());
      case AUTO_HOST_REWRITE ->
          proto.getAutoHostRewrite().getValue()
              ? new HostRewrite.Auto()
              : HostRewrite.None.INSTANCE;
      case HOST_REWRITE_HEADER ->
          headerName(proto.getHostRewriteHeader(), scope.field("host_rewrite_header"))
              .<HostRewrite>map(HostRewrite.Header::new)
              .orElse(HostRewrite.None.INSTANCE);
      case HOST_REWRITE_PATH_REGEX ->
          StringMatcherParser.rewrite(
                  proto.getHostRewritePathRegex(), scope.field("host_rewrite_path_regex"))
              .<HostRewrite>map(HostRewrite.PathRegex::new)
              .orElse(HostRewrite.None.INSTANCE);
      case HOSTREWRITESPECIFIER_NOT_SET -> HostRewrite.None.INSTANCE;
    };
  }

  // the deprecated gRPC limits count where max_stream_duration is not set
  @SuppressWarnings("deprecation")
  private static Timeouts timeouts(
      io.envoyproxy.envoy.config.route.v3.RouteAction proto, ParseScope scope) {
    Timeouts defaults = Timeouts.DEFAULT;
    long stream = defaults.streamNanosMax();
    long grpcMax =
        proto.hasMaxGrpcTimeout()
            ? scope.field("max_grpc_timeout").durationNanos(proto.getMaxGrpcTimeout())
            : defaults.grpcHeaderNanosMax();
    long grpcOffset =
        proto.hasGrpcTimeoutOffset()
            ? scope.field("grpc_timeout_offset").durationNanos(proto.getGrpcTimeoutOffset())
            : 0;
    if (proto.hasMaxStreamDuration()) {
      MaxStreamDuration limits = proto.getMaxStreamDuration();
      ParseScope inner = scope.field("max_stream_duration");
      STREAM_DURATION.check(limits, inner);
      if (limits.hasMaxStreamDuration()) {
        stream = inner.field("max_stream_duration").durationNanos(limits.getMaxStreamDuration());
      }
      if (limits.hasGrpcTimeoutHeaderMax()) {
        grpcMax =
            inner.field("grpc_timeout_header_max").durationNanos(limits.getGrpcTimeoutHeaderMax());
      }
      if (limits.hasGrpcTimeoutHeaderOffset()) {
        grpcOffset =
            inner
                .field("grpc_timeout_header_offset")
                .durationNanos(limits.getGrpcTimeoutHeaderOffset());
      }
    }
    return new Timeouts(
        proto.hasTimeout()
            ? scope.field("timeout").durationNanos(proto.getTimeout())
            : defaults.responseNanos(),
        proto.hasIdleTimeout()
            ? scope.field("idle_timeout").durationNanos(proto.getIdleTimeout())
            : defaults.idleNanos(),
        stream,
        grpcMax,
        grpcOffset,
        proto.hasMaxStreamDuration());
  }

  private static RouteAction.ForwardOptions options(
      io.envoyproxy.envoy.config.route.v3.RouteAction proto,
      Inherited inherited,
      ParseScope scope) {
    int notFound =
        switch (proto.getClusterNotFoundResponseCode()) {
          case SERVICE_UNAVAILABLE -> 503;
          case NOT_FOUND -> 404;
          case INTERNAL_SERVER_ERROR -> 500;
          case UNRECOGNIZED -> {
            scope
                .field("cluster_not_found_response_code")
                .error(String.valueOf(proto.getClusterNotFoundResponseCodeValue()), "a known code");
            yield 503;
          }
        };
    boolean high =
        switch (proto.getPriority()) {
          case DEFAULT -> false;
          case HIGH -> true;
          case UNRECOGNIZED -> {
            scope
                .field("priority")
                .error(String.valueOf(proto.getPriorityValue()), "DEFAULT or HIGH");
            yield false;
          }
        };
    return new RouteAction.ForwardOptions(
        notFound,
        proto.getAppendXForwardedHost(),
        high,
        HashPolicyParser.parseAll(proto.getHashPolicyList(), scope),
        upgrades(proto.getUpgradeConfigsList(), scope),
        connect(proto.getUpgradeConfigsList(), scope),
        inherited.includeAttemptCount(),
        inherited.attemptCountInResponse());
  }

  private static Map<String, Boolean> upgrades(List<UpgradeConfig> protos, ParseScope scope) {
    Map<String, Boolean> upgrades = new LinkedHashMap<>();
    for (int i = 0; i < protos.size(); i++) {
      UpgradeConfig proto = protos.get(i);
      ParseScope at = scope.field("upgrade_configs", i);
      UPGRADE.check(proto, at);
      String type = proto.getUpgradeType().toLowerCase(Locale.ROOT);
      if (type.isEmpty()) {
        at.field("upgrade_type").error("\"\"", "an upgrade such as websocket");
      } else if (type.equals("connect-udp")) {
        at.field("upgrade_type").unsupported(proto.getUpgradeType());
      } else if (upgrades.put(type, !proto.hasEnabled() || proto.getEnabled().getValue()) != null) {
        at.field("upgrade_type").error(type, "each upgrade once");
      }
    }
    return upgrades;
  }

  private static Optional<RouteAction.Connect> connect(
      List<UpgradeConfig> protos, ParseScope scope) {
    Optional<RouteAction.Connect> connect = Optional.empty();
    for (int i = 0; i < protos.size(); i++) {
      UpgradeConfig proto = protos.get(i);
      if (!proto.hasConnectConfig()) {
        continue;
      }
      ParseScope at = scope.field("upgrade_configs", i).field("connect_config");
      CONNECT.check(proto.getConnectConfig(), at);
      if (!proto.getUpgradeType().equalsIgnoreCase("connect")) {
        at.error(proto.getUpgradeType(), "only with upgrade_type CONNECT");
      }
      connect = Optional.of(new RouteAction.Connect(proto.getConnectConfig().getAllowPost()));
    }
    return connect;
  }

  static List<MirrorPolicy> mirrors(List<RequestMirrorPolicy> protos, ParseScope parent) {
    List<MirrorPolicy> mirrors = new ArrayList<>(protos.size());
    for (int i = 0; i < protos.size(); i++) {
      RequestMirrorPolicy proto = protos.get(i);
      ParseScope scope = parent.field("request_mirror_policies", i);
      MIRROR.check(proto, scope);
      Fraction share =
          proto.hasRuntimeFraction()
              ? FractionParser.parse(proto.getRuntimeFraction(), scope.field("runtime_fraction"))
              : Fraction.ALWAYS;
      if (!proto.getCluster().isEmpty() && !proto.getClusterHeader().isEmpty()) {
        scope.error("cluster and cluster_header", "only one of them");
      }
      Optional<ClusterSpecifier> cluster =
          proto.getClusterHeader().isEmpty()
              ? named(proto.getCluster(), scope.field("cluster"))
              : fromHeader(proto.getClusterHeader(), scope.field("cluster_header"));
      cluster.ifPresent(
          known ->
              mirrors.add(
                  new MirrorPolicy(known, share, !proto.getDisableShadowHostSuffixAppend())));
    }
    return List.copyOf(mirrors);
  }

  static RouteAction redirect(RedirectAction proto, ParseScope scope) {
    REDIRECT.check(proto, scope);
    int status =
        switch (proto.getResponseCode()) {
          case MOVED_PERMANENTLY -> 301;
          case FOUND -> 302;
          case SEE_OTHER -> 303;
          case TEMPORARY_REDIRECT -> 307;
          case PERMANENT_REDIRECT -> 308;
          case UNRECOGNIZED -> {
            scope
                .field("response_code")
                .error(String.valueOf(proto.getResponseCodeValue()), "a redirect status");
            yield 301;
          }
        };
    if (proto.getPortRedirect() < 0 || proto.getPortRedirect() > 65535) {
      scope
          .field("port_redirect")
          .error(Integer.toUnsignedString(proto.getPortRedirect()), "0 to 65535");
    }
    PathRewrite path =
        switch (proto.getPathRewriteSpecifierCase()) {
          case PATH_REDIRECT -> new PathRewrite.Full(proto.getPathRedirect());
          case PREFIX_REWRITE -> new PathRewrite.Prefix(proto.getPrefixRewrite());
          case REGEX_REWRITE ->
              StringMatcherParser.rewrite(proto.getRegexRewrite(), scope.field("regex_rewrite"))
                  .<PathRewrite>map(PathRewrite.Regex::new)
                  .orElse(PathRewrite.None.INSTANCE);
          case PATHREWRITESPECIFIER_NOT_SET -> PathRewrite.None.INSTANCE;
        };
    String scheme = proto.getHttpsRedirect() ? "https" : proto.getSchemeRedirect();
    return new RouteAction.Redirect(
        status,
        scheme,
        proto.getHostRedirect(),
        proto.getPortRedirect(),
        path,
        proto.getStripQuery());
  }

  static RouteAction directResponse(
      DirectResponseAction proto, long bodyBytesMax, ParseScope scope) {
    DIRECT.check(proto, scope);
    if (proto.getStatus() < 200 || proto.getStatus() > 599) {
      scope.field("status").error(Integer.toUnsignedString(proto.getStatus()), "200 to 599");
    }
    ByteString body =
        proto.hasBody() ? body(proto.getBody(), scope.field("body")) : ByteString.EMPTY;
    for (SubstitutionFormatString format :
        NewerFields.messages(
            proto.getUnknownFields(),
            NewerFields.BODY_FORMAT,
            SubstitutionFormatString.parser(),
            scope.field("body_format"))) {
      body = format(format, scope.field("body_format"));
    }
    if (body.size() > bodyBytesMax) {
      scope
          .field("body")
          .error(
              body.size() + " bytes",
              "at most " + bodyBytesMax + " bytes (max_direct_response_body_size_bytes)");
    }
    return new RouteAction.DirectResponse(
        proto.getStatus(), body.isEmpty() ? Body.EMPTY : new Body(body.toByteArray()));
  }

  /** A format without operators is the body itself. */
  // the deprecated field still comes from older control planes
  @SuppressWarnings("deprecation")
  private static ByteString format(SubstitutionFormatString proto, ParseScope scope) {
    FORMAT.check(proto, scope);
    ByteString text =
        proto.hasTextFormatSource()
            ? body(proto.getTextFormatSource(), scope.field("text_format_source"))
            : proto.getTextFormatBytes();
    if (text.toString(StandardCharsets.ISO_8859_1).indexOf('%') >= 0) {
      scope.unsupported("operators");
    }
    return text;
  }

  private static ByteString body(DataSource proto, ParseScope scope) {
    DATA.check(proto, scope);
    return switch (proto.getSpecifierCase()) {
      case INLINE_BYTES -> proto.getInlineBytes();
      case INLINE_STRING -> ByteString.copyFrom(proto.getInlineString(), StandardCharsets.UTF_8);
      case FILENAME, ENVIRONMENT_VARIABLE, SPECIFIER_NOT_SET -> ByteString.EMPTY;
    };
  }
}
