package io.meltemi.proxy.cluster;

import io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy.ConnectionProperties;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.BytePattern;
import io.meltemi.proxy.matcher.RegexRewrite;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Hash policies from protos. */
public final class HashPolicyParser {
  private static final SupportedFields POLICY =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy.class,
          "header",
          "cookie",
          "connection_properties",
          "query_parameter",
          "terminal");
  private static final SupportedFields HEADER =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy.Header.class,
          "header_name",
          "regex_rewrite");
  private static final SupportedFields COOKIE =
      SupportedFields.of(
          io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy.Cookie.class,
          "name",
          "ttl",
          "path",
          "attributes");
  private static final SupportedFields CONNECTION =
      SupportedFields.of(ConnectionProperties.class, "source_ip");

  private HashPolicyParser() {}

  public static List<HashPolicy> parseAll(
      List<io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy> protos, ParseScope parent) {
    List<HashPolicy> policies = new ArrayList<>(protos.size());
    for (int i = 0; i < protos.size(); i++) {
      parse(protos.get(i), parent.field("hash_policy", i)).ifPresent(policies::add);
    }
    return List.copyOf(policies);
  }

  private static Optional<HashPolicy> parse(
      io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy proto, ParseScope scope) {
    POLICY.check(proto, scope);
    boolean terminal = proto.getTerminal();
    return switch (proto.getPolicySpecifierCase()) {
      case HEADER -> header(proto.getHeader(), terminal, scope.field("header"));
      case COOKIE -> cookie(proto.getCookie(), terminal, scope.field("cookie"));
      case CONNECTION_PROPERTIES -> {
        CONNECTION.check(proto.getConnectionProperties(), scope.field("connection_properties"));
        yield proto.getConnectionProperties().getSourceIp()
            ? Optional.of(new HashPolicy.SourceIp(terminal))
            : Optional.empty();
      }
      case QUERY_PARAMETER -> {
        if (proto.getQueryParameter().getName().isEmpty()) {
          scope.field("query_parameter").field("name").error("\"\"", "the name of a parameter");
        }
        yield Optional.of(
            new HashPolicy.QueryParameter(
                BytePattern.of(proto.getQueryParameter().getName(), false), terminal));
      }
      // reported as unsupported already
      case FILTER_STATE -> Optional.empty();
      case POLICYSPECIFIER_NOT_SET -> {
        scope.error("no policy", "one of header, cookie, connection_properties, query_parameter");
        yield Optional.empty();
      }
    };
  }

  private static Optional<HashPolicy> header(
      io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy.Header proto,
      boolean terminal,
      ParseScope scope) {
    HEADER.check(proto, scope);
    Optional<RegexRewrite> rewrite =
        proto.hasRegexRewrite()
            ? StringMatcherParser.rewrite(proto.getRegexRewrite(), scope.field("regex_rewrite"))
            : Optional.empty();
    if (!HeaderName.isValid(proto.getHeaderName())) {
      scope.field("header_name").error("\"" + proto.getHeaderName() + "\"", "a header name");
      return Optional.empty();
    }
    return Optional.of(
        new HashPolicy.Header(HeaderName.of(proto.getHeaderName()), rewrite, terminal));
  }

  private static Optional<HashPolicy> cookie(
      io.envoyproxy.envoy.config.route.v3.RouteAction.HashPolicy.Cookie proto,
      boolean terminal,
      ParseScope scope) {
    COOKIE.check(proto, scope);
    if (proto.getName().isEmpty()) {
      scope.field("name").error("\"\"", "the name of a cookie");
    }
    Optional<Long> ttl =
        proto.hasTtl()
            ? Optional.of(scope.field("ttl").durationNanos(proto.getTtl()))
            : Optional.empty();
    List<HashPolicy.Attribute> attributes =
        proto.getAttributesList().stream()
            .map(attribute -> new HashPolicy.Attribute(attribute.getName(), attribute.getValue()))
            .toList();
    return Optional.of(
        new HashPolicy.Cookie(
            BytePattern.of(proto.getName(), false), ttl, proto.getPath(), attributes, terminal));
  }
}
