package io.meltemi.proxy;

import static io.meltemi.proxy.testing.Await.awaitEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.testing.FakeControlPlane;
import io.meltemi.xds.resource.TypeUrl;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A proxy under a control plane, over both variants of the protocol and real sockets. */
final class ProxyXdsTest {
  private final BootstrapReader reader = new BootstrapReader(Extensions.messages());

  private Message read(Message.Builder builder, String yaml) {
    return reader.read(builder, yaml, Origin.of("test")).orElseThrow();
  }

  private Message cluster(String name) {
    return read(
        Cluster.newBuilder(),
        "{name: %s, type: EDS, eds_cluster_config: {service_name: %s-eds, eds_config: {ads: {}}}}"
            .formatted(name, name));
  }

  private Message endpoints(String name, int port) {
    return read(
        ClusterLoadAssignment.newBuilder(),
        """
        cluster_name: %s-eds
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
        """
            .formatted(name, port));
  }

  private Message routes(String cluster) {
    return read(
        RouteConfiguration.newBuilder(),
        """
        name: web
        virtual_hosts:
        - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: %s}}]}
        """
            .formatted(cluster));
  }

  private Message listener() {
    return read(
        Listener.newBuilder(),
        """
        name: in
        address: {socket_address: {address: 127.0.0.1, port_value: 0}}
        filter_chains:
        - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: in
              rds: {route_config_name: web, config_source: {ads: {}, resource_api_version: V3}}
              http_filters:
              - name: envoy.filters.http.router
                typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
        """);
  }

  private static String bootstrap(String apiType, int port) {
    return """
        node: {id: sidecar~127.0.0.1~a.b~b.svc.cluster.local, cluster: a.b}
        admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
        dynamic_resources:
          ads_config: {api_type: %s, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}
          cds_config: {ads: {}}
          lds_config: {ads: {}}
        static_resources:
          clusters:
          - name: xds
            type: STATIC
            typed_extension_protocol_options:
              envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                explicit_http_config: {http2_protocol_options: {}}
            load_assignment:
              cluster_name: xds
              endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: %d}}}}]}]
        """
        .formatted(apiType, port);
  }

  private static String get(RunningProxy proxy, String path) throws Exception {
    HttpResponse<String> response = proxy.get(path);
    return response.statusCode() + " " + response.body();
  }

  @Test
  void everyMessageIsKnownByItsFullName() {
    Extensions.messages()
        .forEach((name, descriptor) -> assertEquals(name, descriptor.get().getFullName()));
  }

  @Test
  void doesNotAskInPlainTextWhereTlsIsWanted() {
    String yaml =
        bootstrap("DELTA_GRPC", 15010)
            .replace(
                "    type: STATIC\n",
                """
                    type: STATIC
                    transport_socket:
                      name: envoy.transport_sockets.tls
                      typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}
                """);
    ProxyStartException refused =
        assertThrows(ProxyStartException.class, () -> RunningProxy.start(yaml).close());
    assertTrue(
        String.valueOf(refused.getMessage()).contains("cluster xds with a transport_socket"),
        refused::getMessage);
  }

  @ParameterizedTest
  @ValueSource(strings = {"DELTA_GRPC", "GRPC"})
  void followsItsControlPlaneWithoutLosingARequest(String apiType) throws Exception {
    try (TestApp one = TestApp.saying("one");
        TestApp two = TestApp.saying("two");
        FakeControlPlane controlPlane = new FakeControlPlane()) {
      controlPlane.edit(
          edit -> {
            edit.put(TypeUrl.CLUSTER, "first", cluster("first"));
            edit.put(TypeUrl.ENDPOINT, "first-eds", endpoints("first", one.port()));
            edit.put(TypeUrl.LISTENER, "in", listener());
            edit.put(TypeUrl.ROUTE, "web", routes("first"));
          });
      try (RunningProxy proxy =
          new RunningProxy(
              Proxy.start(
                  ProxySettings.ofYaml(bootstrap(apiType, controlPlane.port()), 2),
                  ProxyEnvironment.ofProcess()))) {
        proxy.awaitReady();
        assertEquals("200 one", get(proxy, "/"));
        String hash = proxy.proxy().snapshot().hash();

        AtomicBoolean stop = new AtomicBoolean();
        List<String> failures = new ArrayList<>();
        Thread traffic =
            Thread.ofPlatform()
                .start(
                    () -> {
                      while (!stop.get()) {
                        try {
                          String answer = get(proxy, "/load");
                          if (!answer.startsWith("200 ")) {
                            failures.add(answer);
                          }
                        } catch (Exception e) {
                          failures.add(e.toString());
                        }
                      }
                    });
        controlPlane.edit(
            edit -> {
              edit.remove(TypeUrl.CLUSTER, "first");
              edit.put(TypeUrl.CLUSTER, "second", cluster("second"));
              edit.put(TypeUrl.ENDPOINT, "second-eds", endpoints("second", two.port()));
              edit.put(TypeUrl.ROUTE, "web", routes("second"));
            });
        awaitEquals("200 two", () -> get(proxy, "/"));
        controlPlane.edit(
            edit -> edit.put(TypeUrl.ENDPOINT, "second-eds", endpoints("second", one.port())));
        awaitEquals("200 one", () -> get(proxy, "/"));
        stop.set(true);
        traffic.join(30_000);
        assertEquals(List.of(), failures);
        assertNotEquals(hash, proxy.proxy().snapshot().hash());

        controlPlane.edit(
            edit -> {
              edit.put(
                  TypeUrl.CLUSTER,
                  "second",
                  read(
                      Cluster.newBuilder(),
                      "{name: second, type: STATIC, lb_policy: CLUSTER_PROVIDED}"));
              edit.put(TypeUrl.LISTENER, "bad", read(Listener.newBuilder(), "{name: bad}"));
            });
        String first = controlPlane.nacks().poll(20, TimeUnit.SECONDS);
        String second = controlPlane.nacks().poll(20, TimeUnit.SECONDS);
        assertNotNull(first);
        assertNotNull(second);
        String both = first + second;
        assertTrue(both.contains("second") && both.contains("lb_policy"), both);
        assertTrue(both.contains("bad") && both.contains("address"), both);
        assertEquals("200 one", get(proxy, "/"));
        String dump = proxy.admin("/config_dump?include_eds").body();
        assertTrue(dump.contains("dynamic_endpoint_configs"), dump);
        assertTrue(dump.contains("dynamic_route_configs"), dump);
        assertTrue(dump.contains("\"error_state\""), dump);
        assertTrue(
            proxy.admin("/config_dump?resource=dynamic_active_clusters").body().contains("second"));
        assertTrue(
            proxy
                .admin("/stats?filter=cds")
                .body()
                .contains("cluster_manager.cds.update_rejected: 1"));

        controlPlane.breakStreams();
        assertEquals("200 one", get(proxy, "/"));
        controlPlane.edit(edit -> edit.put(TypeUrl.CLUSTER, "second", cluster("second")));
        controlPlane.edit(
            edit -> edit.put(TypeUrl.ENDPOINT, "second-eds", endpoints("second", two.port())));
        awaitEquals("200 two", () -> get(proxy, "/"));
      }
    }
  }
}
