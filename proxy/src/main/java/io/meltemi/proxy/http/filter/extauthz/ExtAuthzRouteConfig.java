package io.meltemi.proxy.http.filter.extauthz;

import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a route says.
 *
 * @param disabled whether nobody is asked about its requests
 * @param extensions told to the service; those of less specific places are told too
 * @param withoutBody whether bodies are not waited for, whatever the chain says
 * @param body in place of what the chain says
 */
record ExtAuthzRouteConfig(
    boolean disabled,
    Map<String, String> extensions,
    boolean withoutBody,
    Optional<ExtAuthzConfig.Body> body)
    implements RouteFilterConfig {
  static final ExtAuthzRouteConfig NONE =
      new ExtAuthzRouteConfig(false, Map.of(), false, Optional.empty());

  ExtAuthzRouteConfig {
    extensions = Map.copyOf(extensions);
  }

  @Override
  public RouteFilterConfig over(RouteFilterConfig lessSpecific) {
    if (!(lessSpecific instanceof ExtAuthzRouteConfig less) || less.extensions.isEmpty()) {
      return this;
    }
    Map<String, String> merged = new HashMap<>(less.extensions);
    merged.putAll(extensions);
    return new ExtAuthzRouteConfig(disabled, merged, withoutBody, body);
  }
}
