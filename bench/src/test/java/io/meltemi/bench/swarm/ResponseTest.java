package io.meltemi.bench.swarm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.listener.v3.Filter;
import io.envoyproxy.envoy.config.listener.v3.FilterChain;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.envoyproxy.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseTest {
  private static final byte[] CLUSTERS =
      DeltaDiscoveryResponse.newBuilder()
          .setSystemVersionInfo("7")
          .addResources(
              resource(
                  Cluster.newBuilder()
                      .setName("plain")
                      .setType(Cluster.DiscoveryType.STRICT_DNS)
                      .build(),
                  "plain"))
          .addResources(
              resource(
                  Cluster.newBuilder()
                      .setName("dynamic")
                      .setType(Cluster.DiscoveryType.EDS)
                      .build(),
                  "dynamic"))
          .addResources(
              resource(
                  Cluster.newBuilder()
                      .setName("renamed")
                      .setType(Cluster.DiscoveryType.EDS)
                      .setEdsClusterConfig(
                          Cluster.EdsClusterConfig.newBuilder().setServiceName("other"))
                      .build(),
                  "renamed"))
          .setTypeUrl(Kind.CLUSTER.url)
          .addRemovedResources("gone")
          .setNonce("n1")
          .build()
          .toByteArray();

  private static final byte[] LISTENERS =
      DeltaDiscoveryResponse.newBuilder()
          .setTypeUrl(Kind.LISTENER.url)
          .addResources(
              resource(
                  Listener.newBuilder()
                      .addFilterChains(
                          FilterChain.newBuilder()
                              .addFilters(
                                  Filter.newBuilder()
                                      .setTypedConfig(Any.pack(TcpProxy.getDefaultInstance())))
                              .addFilters(http("80")))
                      .setDefaultFilterChain(FilterChain.newBuilder().addFilters(http("8080")))
                      .build(),
                  "l"))
          .build()
          .toByteArray();

  private static Filter http(String routes) {
    return Filter.newBuilder()
        .setTypedConfig(
            Any.pack(
                HttpConnectionManager.newBuilder()
                    .setRds(Rds.newBuilder().setRouteConfigName(routes))
                    .build()))
        .build();
  }

  private static Resource resource(com.google.protobuf.Message body, String name) {
    return Resource.newBuilder().setName(name).setVersion("v").setResource(Any.pack(body)).build();
  }

  /** Everything that is found in a response, as text. */
  private static List<String> found(byte[] bytes) {
    List<String> found = new ArrayList<>();
    Response response = new Response();
    response.over(bytes, bytes.length);
    found.add(response.kind() + " " + response.nonce());
    response.read(
        new Response.Reader() {
          @Override
          public void upsert(Kind kind, io.meltemi.bench.swarm.Resource resource) {
            found.add("+" + text(resource.bytes, resource.nameFrom, resource.nameTo));
            Response.NameReader names =
                (all, from, to) -> found.add("asks for " + text(all, from, to));
            if (kind == Kind.CLUSTER) {
              response.endpointsOf(resource, names);
            } else {
              response.routesOf(resource, names);
            }
          }

          @Override
          public void remove(Kind kind, byte[] all, int from, int to) {
            found.add("-" + text(all, from, to));
          }
        });
    return found;
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  @Test
  void findsClustersAndTheNamesOfTheirEndpoints() {
    assertEquals(
        List.of(
            "CLUSTER n1",
            "+plain",
            "+dynamic",
            "asks for dynamic",
            "+renamed",
            "asks for other",
            "-gone"),
        found(CLUSTERS));
  }

  @Test
  void findsTheRoutesOfListeners() {
    assertEquals(List.of("LISTENER ", "+l", "asks for 80", "asks for 8080"), found(LISTENERS));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "220178", "07", "08", "227f", "1201"})
  void whatIsNoResponseIsRefused(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    assertThrows(IllegalArgumentException.class, () -> found(bytes));
  }

  @Test
  void brokenBytesAreReadOrRefusedAndNothingElse() {
    Random random = new Random(5);
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = (i % 2 == 0 ? CLUSTERS : LISTENERS).clone();
      for (int j = random.nextInt(4); j >= 0; j--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        found(java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length) + 1));
      } catch (IllegalArgumentException e) {
        refused++;
      }
    }
    assertEquals(true, refused > 10_000, "refused: " + refused);
  }
}
