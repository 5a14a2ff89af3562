package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.MatchTrace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A route configuration in force. Immutable; matched on any event loop. See
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_routing
 */
public final class RouteTable {
  private final String name;
  private final List<VirtualHost> virtualHosts;
  private final Options options;
  private final VirtualHostTable byDomain;
  private final List<RouteIndex> indexes;

  /**
   * How requests are read before they are matched.
   *
   * @param ignorePort whether the authority's port counts for nothing
   * @param ignorePathParameters whether the path is compared up to its first semicolon only
   */
  public record Options(boolean ignorePort, boolean ignorePathParameters) {
    public static final Options DEFAULT = new Options(false, false);
  }

  /**
   * @param virtualHosts their domains unlike each other, whatever their case
   */
  public RouteTable(String name, List<VirtualHost> virtualHosts, Options options) {
    this.name = name;
    this.virtualHosts = List.copyOf(virtualHosts);
    this.options = options;
    this.byDomain = new VirtualHostTable(this.virtualHosts);
    this.indexes = this.virtualHosts.stream().map(host -> new RouteIndex(host.routes())).toList();
  }

  public String name() {
    return name;
  }

  public List<VirtualHost> virtualHosts() {
    return virtualHosts;
  }

  /**
   * The route of a request; null when no virtual host takes its authority or no route of that host
   * matches (Envoy's {@code NR}). Allocates nothing unless traced or a regular expression is asked.
   */
  public @Nullable Route match(RequestView request, MatchTrace trace) {
    int number = virtualHost(request.headers(), trace);
    if (number == VirtualHostTable.NONE) {
      if (trace.isRecording()) {
        trace.failed("route table " + name, "no virtual host for the authority");
      }
      return null;
    }
    VirtualHost host = virtualHosts.get(number);
    if (host.tls() != VirtualHost.TlsRequirement.NONE
        && !request.isTls()
        && (host.tls() == VirtualHost.TlsRequirement.ALL || !request.isInternal())) {
      if (trace.isRecording()) {
        trace.matched("require_tls", "redirect to https");
      }
      return host.tlsRedirect();
    }
    return match(number, request, trace);
  }

  private int virtualHost(HeaderBlock headers, MatchTrace trace) {
    int index = headers.find(HeaderName.AUTHORITY);
    if (index < 0) {
      return VirtualHostTable.NONE;
    }
    byte[] array = headers.array();
    int start = headers.valueStart(index);
    int length = headers.valueLength(index);
    return byDomain.find(
        array, start, options.ignorePort ? withoutPort(array, start, length) : length, trace);
  }

  /** The length of an authority without {@code :port}; a colon inside brackets is no port's. */
  private static int withoutPort(byte[] array, int start, int length) {
    for (int i = start + length - 1; i >= start && array[i] != ']'; i--) {
      if (array[i] == ':') {
        return i - start;
      }
    }
    return length;
  }

  /** The route of a request without a path, which is CONNECT. */
  private @Nullable Route matchConnect(int host, RequestView request, MatchTrace trace) {
    List<Route> routes = virtualHosts.get(host).routes();
    for (int i = 0; i < routes.size(); i++) {
      RouteMatcher matcher = routes.get(i).matcher();
      if (matcher.path() instanceof PathMatcher.Connect
          && matcher.matchesBehindPath(request, 0, 0, trace)) {
        return routes.get(i);
      }
    }
    if (trace.isRecording()) {
      trace.failed("virtual host", "no connect_matcher of " + routes.size() + " routes matches");
    }
    return null;
  }

  private @Nullable Route match(int host, RequestView request, MatchTrace trace) {
    HeaderBlock headers = request.headers();
    int index = headers.find(HeaderName.PATH);
    if (index < 0) {
      return matchConnect(host, request, trace);
    }
    byte[] array = headers.array();
    int start = headers.valueStart(index);
    int end = start + headers.valueLength(index);
    int pathEnd = start;
    while (pathEnd < end && array[pathEnd] != '?' && array[pathEnd] != '#') {
      pathEnd++;
    }
    int queryEnd = pathEnd < end && array[pathEnd] == '?' ? end : pathEnd;
    int comparedEnd = pathEnd;
    if (options.ignorePathParameters) {
      comparedEnd = start;
      while (comparedEnd < pathEnd && array[comparedEnd] != ';') {
        comparedEnd++;
      }
    }
    Route found =
        indexes.get(host).find(request, start, comparedEnd - start, pathEnd, queryEnd, trace);
    if (found == null && trace.isRecording()) {
      trace.failed(
          "virtual host", "none of " + virtualHosts.get(host).routes().size() + " routes matches");
    }
    return found;
  }
}
