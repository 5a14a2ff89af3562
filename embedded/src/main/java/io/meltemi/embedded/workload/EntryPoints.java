package io.meltemi.embedded.workload;

import io.meltemi.common.net.HostPort;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.HttpMatch;
import io.meltemi.config.kind.virtualservice.HttpRoute;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.StringMatch;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a person can try: the URLs that the gateways answer. */
public final class EntryPoints {
  private static final int PATHS_MAX = 3;
  private static final int URLS_MAX = 12;

  private EntryPoints() {}

  /**
   * URLs, or curl commands where a host header is needed.
   *
   * @param binds gateway server port to the address that serves it
   */
  public static List<String> of(
      List<Resource<Gateway>> gateways,
      List<Resource<VirtualService>> virtualServices,
      Map<Integer, HostPort> binds) {
    Set<String> urls = new LinkedHashSet<>();
    for (Resource<Gateway> gateway : gateways) {
      for (Gateway.Server server : gateway.spec().servers()) {
        HostPort bind = binds.get(server.port().number());
        if (bind != null && server.port().protocol().isHttp() && server.tls().isEmpty()) {
          for (Gateway.Host host : server.hosts()) {
            paths(gateway, virtualServices)
                .forEach(path -> urls.add(url(host.host(), bind.port(), path)));
          }
        }
      }
    }
    return urls.stream().limit(URLS_MAX).toList();
  }

  private static String url(String host, int port, String path) {
    String local = "http://localhost:" + port + path;
    if (host.equals("*") || host.equals("localhost")) {
      return local;
    }
    return "curl -H 'Host: " + host.replaceFirst("^\\*", "any") + "' " + local;
  }

  private static List<String> paths(
      Resource<Gateway> gateway, List<Resource<VirtualService>> virtualServices) {
    List<String> paths = new ArrayList<>();
    for (Resource<VirtualService> service : virtualServices) {
      if (isBound(service, gateway)) {
        for (HttpRoute route : service.spec().http()) {
          // one of a route's paths shows that it works
          route.match().stream()
              .flatMap(match -> path(match).stream())
              .filter(path -> !paths.contains(path))
              .findFirst()
              .ifPresent(paths::add);
          if (route.match().isEmpty() && !paths.contains("/")) {
            paths.add("/");
          }
        }
      }
    }
    return paths.stream().limit(PATHS_MAX).toList();
  }

  private static boolean isBound(Resource<VirtualService> service, Resource<Gateway> gateway) {
    return service.spec().gateways().stream()
        .anyMatch(
            name ->
                name.equals(gateway.namespace() + "/" + gateway.name())
                    || (name.equals(gateway.name())
                        && service.namespace().equals(gateway.namespace())));
  }

  private static Optional<String> path(HttpMatch match) {
    return match
        .request()
        .uri()
        .flatMap(
            uri ->
                switch (uri) {
                  case StringMatch.Exact(String value) -> Optional.of(value);
                  case StringMatch.Prefix(String value) -> Optional.of(value);
                  case StringMatch.Regex _, StringMatch.Present _ -> Optional.empty();
                });
  }
}
