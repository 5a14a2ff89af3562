package io.meltemi.proxy.http.filter.basicauth;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.OriginalUri;
import io.meltemi.proxy.telemetry.Counter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/** Lets requests of known users pass and answers the others. */
final class BasicAuthFilter implements HttpFilter {
  private static final HeaderName AUTHENTICATE = HeaderName.of("www-authenticate");
  private static final String SCHEME = "Basic ";
  private static final String FAILED = "User authentication failed. ";

  /**
   * @param credentials the header with the credentials
   * @param username the header that tells the user's name behind the filter
   */
  record Config(Users users, HeaderName credentials, Optional<HeaderName> username)
      implements HttpFilterConfig {
    @Override
    public HttpFilter newFilter(HttpFilterContext context) {
      return new BasicAuthFilter(this, context);
    }
  }

  private final Config config;
  private final HttpFilterContext context;
  private final Counter allowed;
  private final Counter denied;

  private BasicAuthFilter(Config config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
    this.allowed = context.stats().counter("basic_auth.allowed");
    this.denied = context.stats().counter("basic_auth.denied");
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    Users users = context.routeConfig() instanceof Users ofRoute ? ofRoute : config.users();
    String value = headers.get(config.credentials());
    if (value == null) {
      return deny("Missing username and password.", "no_credential_for_basic_auth");
    }
    if (!value.startsWith(SCHEME)) {
      return deny("Expected 'Basic' authentication scheme.", "invalid_scheme_for_basic_auth");
    }
    String decoded = decode(value.substring(SCHEME.length()));
    int colon = decoded.indexOf(':');
    if (colon < 0) {
      return deny("Invalid basic credential format.", "invalid_format_for_basic_auth");
    }
    String name = decoded.substring(0, colon);
    if (!users.accepts(name, decoded.substring(colon + 1))) {
      return deny("Invalid username/password combination.", "invalid_credential_for_basic_auth");
    }
    config.username().ifPresent(header -> headers.set(header, name));
    allowed.inc();
    return FilterStatus.CONTINUE;
  }

  /** Empty when it is not base64. */
  private static String decode(String text) {
    try {
      return new String(Base64.getDecoder().decode(text), StandardCharsets.ISO_8859_1);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }

  private FilterStatus deny(String reason, String details) {
    denied.inc();
    String challenge = "Basic realm=\"" + OriginalUri.of(context.requestHeaders()) + "\"";
    context.sendLocalReply(
        new LocalReply(
            401,
            (FAILED + reason).getBytes(StandardCharsets.US_ASCII),
            null,
            details,
            response -> response.set(AUTHENTICATE, challenge)));
    return FilterStatus.PAUSE;
  }
}
