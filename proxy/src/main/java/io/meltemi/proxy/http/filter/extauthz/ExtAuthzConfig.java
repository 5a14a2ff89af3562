package io.meltemi.proxy.http.filter.extauthz;

import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.Fraction;
import java.util.List;
import java.util.Optional;

/**
 * The chain's configuration.
 *
 * @param statPrefix of the counters, empty or with its final dot
 * @param body how much of a body is told; empty for nothing
 */
record ExtAuthzConfig(
    AuthService service,
    ClusterManager clusters,
    String statPrefix,
    Asked asked,
    Optional<Body> body,
    Told told,
    Answers answers)
    implements HttpFilterConfig {
  /**
   * Which requests are asked about.
   *
   * @param deniesOthers whether the others are refused
   */
  record Asked(Fraction enabled, boolean deniesOthers) {}

  /**
   * @param partial whether the service is asked as soon as there is so much, else a longer body is
   *     refused
   * @param asBytes whether the body is told as bytes and not as text
   */
  record Body(int bytesMax, boolean partial, boolean asBytes) {}

  /**
   * What the service is told besides.
   *
   * @param allowed headers; empty for all
   * @param namespaces of the metadata that filters set
   * @param routeNamespaces of the route's metadata
   */
  record Told(
      Optional<NameMatcher> allowed,
      NameMatcher disallowed,
      boolean peerCertificate,
      boolean tlsSession,
      List<String> namespaces,
      List<String> routeNamespaces) {
    Told {
      namespaces = List.copyOf(namespaces);
      routeNamespaces = List.copyOf(routeNamespaces);
    }
  }

  /**
   * How it answers.
   *
   * @param errorStatus when the service fails
   * @param failurePasses whether a request passes when the service fails
   * @param tellsFailure whether such a request has a header that says so
   * @param clearsRoute whether the route is chosen anew after changes
   * @param validates whether an answer with a bad header is an error
   * @param charges whether refusals count as responses of the cluster
   * @param takesMetadata whether metadata of the service is kept
   */
  record Answers(
      int errorStatus,
      boolean failurePasses,
      boolean tellsFailure,
      boolean clearsRoute,
      boolean validates,
      boolean charges,
      boolean takesMetadata) {}

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new ExtAuthzFilter(this, context);
  }
}
