package io.meltemi.controlplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.meltemi.controlplane.push.PushEngine;
import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.controlplane.push.RefusedResource;
import io.meltemi.xds.client.XdsClientSettings.Variant;
import io.meltemi.xds.resource.TypeUrl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What proxies refuse is counted, told once, and leads to what has to be mended. */
class RefusalsTest {
  private static final String HOST = "reviews.default.svc.cluster.local";
  private static final String CLUSTER = "outbound|9080||" + HOST;
  private static final String SERVICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: reviews, namespace: default}
      spec:
        clusterIP: 10.1.0.1
        ports: [{name: http, port: 9080}]
      """;

  private final List<String> kinds = new ArrayList<>();
  private final List<String> logged = new ArrayList<>();
  private final Logger logger = Logger.getLogger(PushEngine.class.getName());
  private int forgotten;
  private int generated;
  private final PushFixture mesh =
      new PushFixture(
          new PushEvents() {
            @Override
            public void refused(TypeUrl type, String kind) {
              kinds.add(type.shortName() + " " + kind);
            }

            @Override
            public void refusalsForgotten(int resources) {
              forgotten += resources;
            }

            @Override
            public void generated(
                TypeUrl type, int resources, Duration translating, Duration encoding) {
              generated++;
            }
          });

  private final Handler handler =
      new Handler() {
        private final SimpleFormatter formatter = new SimpleFormatter();

        @Override
        public void publish(LogRecord line) {
          String text = formatter.formatMessage(line);
          if (text.contains("refused by")) {
            logged.add(text);
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    logger.addHandler(handler);
  }

  @AfterEach
  void stop() {
    mesh.close();
    logger.removeHandler(handler);
  }

  private static String filter(String stat) {
    return """
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: breaks, namespace: default}
        spec:
          configPatches:
          - applyTo: CLUSTER
            match: {cluster: {service: %s}}
            patch: {operation: MERGE, value: {alt_stat_name: %s}}
        """
        .formatted(HOST, stat);
  }

  private RefusedResource only() {
    assertEquals(1, mesh.engine.refusedResources().size());
    return mesh.engine.refusedResources().getFirst();
  }

  @ParameterizedTest
  @EnumSource
  void theFilterThatBreaksAClusterIsNamed(Variant variant) {
    mesh.write("service.yaml", SERVICE);
    TestProxy proxy = mesh.proxy(variant);
    proxy.refused.add("cds +" + CLUSTER);
    mesh.write("filter.yaml", filter("one"));
    RefusedResource refused = only();
    assertEquals(TypeUrl.CLUSTER, refused.type());
    assertEquals(CLUSTER, refused.name());
    assertEquals(1, refused.count());
    assertEquals("not to my taste", refused.message());
    assertEquals("EnvoyFilter", refused.sources().getFirst().kind());
    assertEquals("default/breaks", refused.sources().getFirst().object());
    assertTrue(refused.sources().getFirst().origin().line() > 0);
    assertEquals(List.of("cds EnvoyFilter"), kinds);
    assertEquals(1, logged.size());
    assertTrue(
        logged.getFirst().contains("EnvoyFilter default/breaks at "), () -> logged.toString());
    assertTrue(logged.getFirst().contains("keep the last version"), () -> logged.toString());
  }

  @Test
  void aThousandRefusalsOfOneFilterAreOneLine() {
    mesh.write("service.yaml", SERVICE);
    List<TestProxy> proxies = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      TestProxy proxy = mesh.proxy(Variant.DELTA);
      proxy.refused.add("cds +" + CLUSTER);
      proxies.add(proxy);
    }
    mesh.write("filter.yaml", filter("one"));
    assertEquals(10, only().count());
    assertEquals(10, only().standing());
    assertEquals(10, kinds.size());
    assertEquals(1, logged.size());
    int made = generated;

    mesh.write("filter.yaml", filter("two"));
    assertEquals(20, only().count());
    assertEquals(10, only().standing(), "each proxy's last answer");
    assertEquals(1, logged.size(), "the same text while it stands");
    assertTrue(generated > made);

    proxies.forEach(proxy -> proxy.refused.clear());
    mesh.write("filter.yaml", filter("three"));
    assertEquals(20, only().count());
    assertEquals(0, only().standing());

    proxies.getFirst().refused.add("cds +" + CLUSTER);
    mesh.write("filter.yaml", filter("four"));
    assertEquals(2, logged.size(), "it had been mended");
    proxies.getFirst().close();
    mesh.loop.runAll();
    assertEquals(0, only().standing());
    assertEquals(List.of(), mesh.engine.rejections());
  }

  @ParameterizedTest
  @EnumSource
  void takingSomethingElseIsNotTakingIt(Variant variant) {
    mesh.write("service.yaml", SERVICE);
    TestProxy proxy = mesh.proxy(variant);
    proxy.refused.add("cds +" + CLUSTER);
    mesh.write("filter.yaml", filter("one"));
    mesh.write("hosts.yaml", hosts(0, 1));
    assertEquals(1, only().standing());
    assertEquals(List.of(CLUSTER), mesh.engine.rejections().getFirst().resources());
    mesh.write("filter.yaml", "");
    proxy.refused.clear();
    mesh.write("filter.yaml", filter("two"));
    assertEquals(0, only().standing());
    assertEquals(List.of(), mesh.engine.rejections());
  }

  private static String hosts(int batch, int count) {
    StringBuilder yaml = new StringBuilder();
    for (int i = 0; i < count; i++) {
      yaml.append(
          """
          ---
          apiVersion: networking.istio.io/v1
          kind: ServiceEntry
          metadata: {name: s%1$d-%2$d, namespace: default}
          spec: {hosts: [s%1$d-%2$d.example.com], ports: [{number: 80, name: http, protocol: HTTP}]}
          """
              .formatted(batch, i));
    }
    return yaml.toString();
  }

  @Test
  void whatIsRememberedHasAnEnd() {
    TestProxy proxy = mesh.proxy(Variant.DELTA);
    for (int batch = 0; batch < 32; batch++) {
      for (int i = 0; i < 33; i++) {
        proxy.refused.add("cds +outbound|80||s" + batch + "-" + i + ".example.com");
      }
      mesh.write("hosts.yaml", hosts(batch, 33));
    }
    assertEquals(1_000, mesh.engine.refusedResources().size());
    assertEquals(32 + 24, forgotten, "one in each refusal, and the oldest beyond a thousand");
  }
}
