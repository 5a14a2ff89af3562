package io.meltemi.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.testing.SharedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Istio's control plane sends to its own proxies, as recorded: all that one proxy gets is
 * taken as a whole or refused by name. Routes are read in connection managers of the test's own.
 */
final class IstioCorpusTest {
  /** Only grows: proxies of which nothing is refused. */
  private static final int SERVED_MIN = 93;

  private static final String HEAD =
      """
      {"node": {"id": "sidecar~10.0.0.1~a.b~b.svc.cluster.local", "cluster": "a.b"},
       "dynamic_resources": {"ads_config": {"api_type": "DELTA_GRPC",
        "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}]}},
       "static_resources": {"clusters": [
       {"name": "xds-grpc", "type": "STATIC", "load_assignment": {"cluster_name": "xds-grpc",
         "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": "./XDS"}}}}]}]}},
       {"name": "sds-grpc", "type": "STATIC", "load_assignment": {"cluster_name": "sds-grpc",
         "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": "./SDS"}}}}]}]}}
      """;

  @Test
  void takesOrRefusesEachByName(@TempDir Path directory) throws IOException {
    Path corpus = SharedFiles.require("corpus/xds");
    List<Path> proxies;
    try (Stream<Path> all = Files.walk(corpus)) {
      proxies =
          all.filter(path -> path.endsWith("listeners.json"))
              .map(Path::getParent)
              .sorted()
              .toList();
    }
    Refusals refusals = new Refusals();
    int served = 0;
    for (Path proxy : proxies) {
      Path file = directory.resolve("bootstrap.json");
      Files.writeString(file, bootstrap(proxy));
      String name = corpus.relativize(proxy).toString().replace("/expected", "");
      served += refusals.isServed(file, name) ? 1 : 0;
    }
    System.out.println("istio: %d of %d proxies served".formatted(served, proxies.size()));
    refusals.print();
    assertEquals(99, proxies.size());
    int count = served;
    assertTrue(served >= SERVED_MIN, () -> count + " are served, were " + SERVED_MIN);
  }

  private static String bootstrap(Path proxy) throws IOException {
    StringBuilder json = new StringBuilder(HEAD);
    items(proxy, "clusters").forEach(item -> json.append(",\n").append(item));
    json.append("],\n\"listeners\": [\n");
    json.append(String.join(",\n", items(proxy, "listeners")));
    int number = 0;
    for (String route : items(proxy, "routes")) {
      json.append(routeListener(number, route));
      number++;
    }
    return json.append("]}}\n").toString();
  }

  private static String routeListener(int number, String route) {
    return """
        ,{"name": "test-routes-%d", "address": {"socket_address": {"address": "127.0.0.1",
          "port_value": %d}}, "filter_chains": [{"filters": [{
           "name": "envoy.filters.network.http_connection_manager", "typed_config": {
           "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
           "stat_prefix": "test", "http_filters": [{"name": "envoy.filters.http.router",
           "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
           "route_config":
        %s
        }}]}]}
        """
        .formatted(number, 20_000 + number, route);
  }

  /** The elements of an array that is indented by one. */
  private static List<String> items(Path proxy, String resources) throws IOException {
    List<String> items = new ArrayList<>();
    StringBuilder item = new StringBuilder();
    for (String line : Files.readAllLines(proxy.resolve(resources + ".json"))) {
      if (line.equals(" {")) {
        item.setLength(0);
      }
      item.append(line.equals(" },") ? " }" : line).append('\n');
      if (line.equals(" },") || line.equals(" }")) {
        items.add(item.toString());
      }
    }
    return items;
  }
}
