package io.meltemi.proxy.http.filter.basicauth;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.filters.http.basic_auth.v3.BasicAuth;
import io.envoyproxy.envoy.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.Optional;
import java.util.Set;

/** Parses users in place; those of files are refused. */
public final class BasicAuthFilterFactory implements HttpFilterFactory {
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.basic_auth.v3.";
  private static final SupportedFields AUTH =
      SupportedFields.of(
          BasicAuth.class, "users", "forward_username_header", "authentication_header");
  private static final SupportedFields ROUTE = SupportedFields.of(BasicAuthPerRoute.class, "users");
  private static final SupportedFields DATA =
      SupportedFields.of(DataSource.class, "inline_string", "inline_bytes");
  private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");

  @Override
  public String name() {
    return "envoy.filters.http.basic_auth";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "BasicAuth");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "BasicAuthPerRoute");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, BasicAuth.class, AUTH)
        .map(
            proto ->
                new BasicAuthFilter.Config(
                    users(proto.getUsers(), scope.field("users")),
                    header(proto.getAuthenticationHeader(), scope.field("authentication_header"))
                        .orElse(AUTHORIZATION),
                    header(
                        proto.getForwardUsernameHeader(), scope.field("forward_username_header"))));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, BasicAuthPerRoute.class, ROUTE)
        .map(proto -> users(proto.getUsers(), scope.field("users")));
  }

  private static Users users(DataSource proto, ParseScope scope) {
    DATA.check(proto, scope);
    return Users.parse(
        proto.hasInlineBytes() ? proto.getInlineBytes().toStringUtf8() : proto.getInlineString(),
        scope);
  }

  private static Optional<HeaderName> header(String name, ParseScope scope) {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    if (!HeaderName.isValid(name) || name.startsWith(":")) {
      scope.error("\"" + name + "\"", "a header name");
      return Optional.empty();
    }
    return Optional.of(HeaderName.of(name));
  }
}
