package io.meltemi.controlplane.debug;

import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.store.ConfigChange;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.controlplane.push.PushRequest;
import io.meltemi.controlplane.push.PushTrigger;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Amount;
import io.meltemi.xds.server.DiscoveryCounters;
import io.meltemi.xds.server.Nack;
import io.meltemi.xds.server.Sent;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The control plane's metrics under Istio's names. Any thread. */
public final class PilotMetrics implements PushEvents {
  private static final double[] TIMES = {0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 3, 5, 10, 20, 30};
  private static final double[] SIZES = {1, 1e4, 1e6, 4e6, 1e7, 4e7};
  private static final String REJECT_HELP = "Responses refused by proxies.";

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final String version;

  /** Counted when somebody asks: it takes a look at every endpoint. */
  private volatile @Nullable PushContext world;

  private final Gauge connected =
      gauge("pilot_xds", "Proxies connected to this control plane.", "version");
  private final Gauge services = gauge("pilot_services", "Services known.");
  private final Gauge virtualServices = gauge("pilot_virt_services", "Virtual services known.");
  private final Gauge duplicateSubsets =
      gauge(
          "pilot_destrule_subsets",
          "Hosts that several destination rules give subsets of one name.");
  private final Counter pushes = counter("pilot_xds_pushes", "Responses sent.", "type");
  private final Counter triggers =
      counter("pilot_push_triggers", "Pushes by what triggered them.", "type");
  private final Counter inbound =
      counter("pilot_inbound_updates", "Changes of configuration received.", "type");
  private final Counter rejects = counter("pilot_total_xds_rejects", REJECT_HELP, "type");
  private final Map<TypeUrl, Counter> rejectsByType =
      Map.of(
          TypeUrl.CLUSTER, counter("pilot_xds_cds_reject", REJECT_HELP, "node"),
          TypeUrl.ENDPOINT, counter("pilot_xds_eds_reject", REJECT_HELP, "node"),
          TypeUrl.LISTENER, counter("pilot_xds_lds_reject", REJECT_HELP, "node"),
          TypeUrl.ROUTE, counter("pilot_xds_rds_reject", REJECT_HELP, "node"));
  private final Counter failures =
      counter("pilot_total_xds_internal_errors", "Resources that could not be made.");
  private final Gauge problems =
      gauge(
          "meltemi_translation_problems",
          "Parts of the configuration that cannot be honoured for the connected proxies.");
  private final Counter lateAnswers =
      counter("meltemi_xds_answer_timeouts", "Pushes that went on without a proxy's answer.");
  private final Counter configEvents =
      counter("pilot_k8s_cfg_events", "Changes of Istio resources.", "type", "event");
  private final Counter registryEvents =
      counter("pilot_k8s_reg_events", "Changes of Kubernetes resources.", "type", "event");
  private final Histogram sendTime =
      histogram("pilot_xds_send_time", "Seconds to hand a response over.", TIMES);
  private final Histogram pushTime =
      histogram("pilot_xds_push_time", "Seconds to compare and send resources.", TIMES, "type");
  private final Histogram convergence =
      histogram(
          "pilot_proxy_convergence_time",
          "Seconds between a change and the last answer of a proxy to its push.",
          TIMES);
  private final Histogram queueTime =
      histogram(
          "pilot_proxy_queue_time", "Seconds between a change and the start of its push.", TIMES);
  private final Histogram debounceTime =
      histogram("pilot_debounce_time", "Seconds that a change waited for others.", TIMES);
  private final Histogram contextTime =
      histogram(
          "pilot_pushcontext_init_seconds", "Seconds to make a world of the configuration.", TIMES);
  private final Histogram sizes =
      histogram("pilot_xds_config_size_bytes", "Bytes of resources in a response.", SIZES, "type");

  private final Counter refusals =
      counter(
          "meltemi_xds_rejects",
          "Resources refused by proxies, by the kind of what they were made of.",
          "type",
          "kind");
  private final Counter forgottenRefusals =
      counter(
          "meltemi_xds_rejects_forgotten",
          "Refused resources beyond those that are told apart or remembered.");
  private final Gauge waitingPushes =
      gauge("meltemi_xds_pushes_waiting", "Proxies that wait for their push.");
  private final TypeCounters types = new TypeCounters(registry);
  private final Phases phases = new Phases(registry);

  public PilotMetrics(String version, Ticker ticker) {
    this.version = version;
    connected.labelValues(version).set(0);
    gauge("pilot_info", "The version.", "version").labelValues(version).set(1);
    gauge("istio_build", "The version, as Istio tells it.", "component", "tag")
        .labelValues("pilot", version)
        .set(1);
    // Istio 1.32 shows it and never counts
    gauge("pilot_no_ip", "Named as dashboards for Istio expect; always 0.").set(0);
    GaugeWithCallback.builder()
        .name("pilot_eds_no_instances")
        .help("Ports of services without endpoints.")
        .callback(gauge -> gauge.call(portsWithoutEndpoints()))
        .register(registry);
    long start = ticker.nanos();
    GaugeWithCallback.builder()
        .name("istiod_uptime_seconds")
        .help("Seconds since the start.")
        .callback(gauge -> gauge.call((ticker.nanos() - start) / 1e9))
        .register(registry);
    GaugeWithCallback.builder()
        .name("go_goroutines")
        .help("Threads; named as dashboards for Istio expect.")
        .callback(gauge -> gauge.call(Thread.activeCount()))
        .register(registry);
    GaugeWithCallback.builder()
        .name("go_memstats_heap_inuse_bytes")
        .help("Java heap in use; named as dashboards for Istio expect.")
        .callback(
            gauge ->
                gauge.call(
                    (double)
                        (Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory())))
        .register(registry);
  }

  private int portsWithoutEndpoints() {
    PushContext context = world;
    return context == null ? 0 : context.portsWithoutEndpoints();
  }

  private Gauge gauge(String name, String help, String... labels) {
    return Gauge.builder().name(name).help(help).labelNames(labels).register(registry);
  }

  private Counter counter(String name, String help, String... labels) {
    return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
  }

  private Histogram histogram(String name, String help, double[] bounds, String... labels) {
    return Histogram.builder()
        .name(name)
        .help(help)
        .labelNames(labels)
        .classicOnly()
        .classicUpperBounds(bounds)
        .register(registry);
  }

  /** Shows the counters of a discovery server. */
  public void observe(DiscoveryCounters counters) {
    show("pilot_xds_expired_nonce", "Answers to anything but the last.", counters.staleNonces);
    show("meltemi_xds_requests", "Requests received.", counters.requests);
    show(
        "meltemi_xds_requests_delayed",
        "Requests that waited because too much was under way.",
        counters.requestsDelayed);
    show(
        "meltemi_xds_streams_stalled",
        "Streams that read nothing for a second while others waited.",
        counters.streamsStalled);
    showNow(
        "meltemi_xds_requests_waiting",
        "Requests that wait now because too much is under way.",
        counters.requestsWaiting);
    showNow(
        "meltemi_xds_streams_unread",
        "Streams whose clients have not read what they were sent.",
        counters.streamsUnread);
    showNow("meltemi_xds_unread_bytes", "Bytes that clients have not read.", counters.bytesUnread);
    show("meltemi_xds_connections", "Proxies let in.", counters.connectionsOpened);
    show("meltemi_xds_connections_refused", "Streams without room.", counters.connectionsRefused);
    show("meltemi_xds_invalid_requests", "Unusable requests.", counters.invalidRequests);
    show("meltemi_xds_limits_hit", "Requests beyond a limit.", counters.limitsHit);
  }

  private void show(String name, String help, LongAdder adder) {
    CounterWithCallback.builder()
        .name(name)
        .help(help)
        .callback(counter -> counter.call(adder.doubleValue()))
        .register(registry);
  }

  private void showNow(String name, String help, LongAdder adder) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .callback(gauge -> gauge.call(adder.doubleValue()))
        .register(registry);
  }

  /** Counts changes of resources. */
  public void configChanged(List<ConfigChange> changes) {
    for (ConfigChange change : changes) {
      String event =
          change.before().isEmpty() ? "add" : change.after().isEmpty() ? "delete" : "update";
      (change.kind().isIstio() ? configEvents : registryEvents)
          .labelValues(change.kind().kind(), event)
          .inc();
    }
  }

  @Override
  public void triggered(PushRequest request, Duration debounce) {
    for (PushTrigger trigger : request.triggers()) {
      triggers.labelValues(trigger.label()).inc();
      inbound.labelValues(trigger.label()).inc();
    }
    debounceTime.observe(seconds(debounce));
    phases.debounce.observe(seconds(debounce));
  }

  @Override
  public void built(PushContext context, ConfigSnapshot snapshot, Duration took) {
    contextTime.observe(seconds(took));
    phases.world.observe(seconds(took));
    services.set(context.services().size());
    duplicateSubsets.set(context.hostsWithDuplicateSubsets());
    world = context;
    virtualServices.set(snapshot.list(Kinds.VIRTUAL_SERVICE).size());
  }

  @Override
  public void generated(TypeUrl type, int resources, Duration translating, Duration encoding) {
    types.generated(type, resources, translating, encoding);
    phases.translation.observe(seconds(translating));
    phases.encoding.observe(seconds(encoding));
  }

  @Override
  public void shared(TypeUrl type, int resources) {
    types.shared(type, resources);
  }

  @Override
  public void pushed(TypeUrl type, Sent sent) {
    types.pushed(type, sent);
    double comparing = sent.times().differenceNanos() / 1e9;
    double writing = sent.times().writingNanos() / 1e9;
    phases.difference.observe(comparing);
    phases.sending.observe(writing);
    String label = label(type);
    pushes.labelValues(label).inc();
    sizes.labelValues(label).observe((double) sent.bytes());
    pushTime.labelValues(label).observe(comparing + writing);
    sendTime.observe(writing);
  }

  /** Types that have no short name are named by clients, without end. */
  private static String label(TypeUrl type) {
    return TypeUrl.KNOWN.contains(type) ? type.shortName() : "other";
  }

  @Override
  public void skipped(TypeUrl type, Amount held) {
    types.skipped(type, held);
  }

  @Override
  public void answered(TypeUrl type, Duration after) {
    phases.answer.observe(seconds(after));
  }

  @Override
  public void waiting(int pushes) {
    waitingPushes.set(pushes);
  }

  @Override
  public void rejected(TypeUrl type, String proxy, Nack nack) {
    rejects.labelValues(label(type)).inc();
    Counter byType = rejectsByType.get(type);
    if (byType != null) {
      byType.labelValues(proxy).inc();
    }
  }

  @Override
  public void refused(TypeUrl type, String kind) {
    refusals.labelValues(label(type), kind.isEmpty() ? "none" : kind).inc();
  }

  @Override
  public void refusalsForgotten(int resources) {
    forgottenRefusals.inc(resources);
  }

  @Override
  public void dequeued(Duration waited) {
    queueTime.observe(seconds(waited));
  }

  @Override
  public void converged(Duration sinceChange) {
    convergence.observe(seconds(sinceChange));
  }

  @Override
  public void answerTimedOut() {
    lateAnswers.inc();
  }

  @Override
  public void failed(TypeUrl type, RuntimeException failure) {
    failures.inc();
  }

  @Override
  public void problems(int count) {
    problems.set(count);
  }

  @Override
  public void connected(int proxies) {
    connected.labelValues(version).set(proxies);
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  /** Everything in Prometheus' text format. */
  String text() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create().write(out, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
