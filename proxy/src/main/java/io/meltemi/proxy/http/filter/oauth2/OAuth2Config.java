package io.meltemi.proxy.http.filter.oauth2;

import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.telemetry.Stats;
import io.meltemi.proxy.upstream.UpstreamClient;
import java.util.Optional;

/**
 * The chain's configuration.
 *
 * @param settings where routes say nothing else; empty for no sign-in
 */
record OAuth2Config(UpstreamClient client, Stats stats, Optional<OAuth2Settings> settings)
    implements HttpFilterConfig {
  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new OAuth2Filter(this, context);
  }
}
