package io.meltemi.proxy.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class StatsPrinterTest {
  private final Stats stats = new Stats();

  StatsPrinterTest() {
    StatScope cluster = stats.scope("cluster.outbound|80||a.b.svc.");
    cluster.counter("upstream_rq_200").add(3);
    cluster.counter("upstream_rq_2xx").add(3);
    cluster.counter("upstream_rq_total").add(4);
    cluster.gauge("upstream_cx_active").set(2);
    stats.scope("http.in_1.").counter("downstream_rq_5xx");
    stats.scope("listener.0.0.0.0_80.").gauge("downstream_cx_active").inc();
    stats.counter("cluster_manager.cluster_added").inc();
    Histogram time = cluster.histogram("upstream_rq_time");
    time.record(1);
    time.record(7);
    time.record(99_999_999);
  }

  @Test
  void printsTextSortedWithHistogramsLast() {
    String text = StatsPrinter.text(stats, false, _ -> true);
    assertTrue(text.startsWith("cluster.outbound|80||a.b.svc.upstream_cx_active: 2\n"), text);
    assertTrue(text.contains("\nhttp.in_1.downstream_rq_5xx: 0\n"), text);
    assertTrue(
        text.lines()
            .toList()
            .getLast()
            .startsWith("cluster.outbound|80||a.b.svc.upstream_rq_time: P0(nan,"),
        text);
    String used = StatsPrinter.text(stats, true, name -> name.startsWith("http"));
    assertEquals("", used);
  }

  @Test
  void printsPrometheusWithEnvoysTags() {
    String text = StatsPrinter.prometheus(stats, false, _ -> true);
    for (String line :
        new String[] {
          "# TYPE envoy_cluster_upstream_rq counter",
          "envoy_cluster_upstream_rq{envoy_cluster_name=\"outbound|80||a.b.svc\",envoy_response_code=\"200\"} 3",
          "envoy_cluster_upstream_rq_xx{envoy_cluster_name=\"outbound|80||a.b.svc\",envoy_response_code_class=\"2\"} 3",
          "envoy_cluster_upstream_rq_total{envoy_cluster_name=\"outbound|80||a.b.svc\"} 4",
          "envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix=\"in_1\",envoy_response_code_class=\"5\"} 0",
          "envoy_listener_downstream_cx_active{envoy_listener_address=\"0.0.0.0_80\"} 1",
          "envoy_cluster_manager_cluster_added{} 1",
          "# TYPE envoy_cluster_upstream_rq_time histogram",
          "envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"outbound|80||a.b.svc\",le=\"10\"} 2",
          "envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"outbound|80||a.b.svc\",le=\"+Inf\"} 3",
          "envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"outbound|80||a.b.svc\"} 3"
        }) {
      assertTrue(text.contains(line + "\n"), () -> line + "\nis not in\n" + text);
    }
  }

  @Test
  void printsJson() {
    String json = StatsPrinter.json(stats, false, name -> name.contains("rq_t"));
    assertTrue(
        json.startsWith(
            "{\"stats\":[{\"name\":\"cluster.outbound|80||a.b.svc.upstream_rq_total\",\"value\":4},{\"histograms\""),
        json);
    assertTrue(json.endsWith("]}}]}"), json);
  }

  @Test
  void estimatesQuantiles() {
    Histogram histogram = new Histogram();
    assertTrue(Double.isNaN(histogram.read().quantile(.5)));
    for (int i = 0; i < 100; i++) {
      histogram.record(20);
    }
    double median = histogram.read().quantile(.5);
    assertTrue(median > 10 && median <= 25, "" + median);
  }

  @Test
  void forgetsScopesAndResets() {
    stats.removeScope("http.in_1.");
    stats.resetCounters();
    String text = StatsPrinter.text(stats, false, _ -> true);
    assertTrue(!text.contains("in_1") && text.contains("upstream_rq_total: 0\n"), text);
    assertTrue(text.contains("upstream_cx_active: 2\n"), text);
  }
}
