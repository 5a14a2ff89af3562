package io.meltemi.controlplane.debug;

import io.meltemi.controlplane.push.PushEvents;
import io.meltemi.xds.resource.TypeUrl;
import io.meltemi.xds.server.Amount;
import io.meltemi.xds.server.Sent;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/**
 * What became of resources, by type. It is counted for every type of every push to every proxy, so
 * all it costs is an addition to a counter that nobody waits for; the sums are those of groups. Any
 * thread.
 */
final class TypeCounters implements PushEvents {
  private static final String OTHER = "other";

  private final Map<TypeUrl, Counts> types = new ConcurrentHashMap<>();

  /** Of types that nobody here makes, whose names are clients'. */
  private final Counts others = new Counts();

  /** Groups of resources that were wanted: made before, or not. */
  private final LongAdder hits = new LongAdder();

  private final LongAdder misses = new LongAdder();

  private static final class Counts {
    final LongAdder generated = new LongAdder();
    final LongAdder shared = new LongAdder();
    final LongAdder sent = new LongAdder();
    final LongAdder again = new LongAdder();
    final LongAdder skipped = new LongAdder();
    final LongAdder bytes = new LongAdder();
    final LongAdder bytesAgain = new LongAdder();
    final LongAdder bytesSaved = new LongAdder();
  }

  TypeCounters(PrometheusRegistry registry) {
    for (TypeUrl type : TypeUrl.KNOWN) {
      types.put(type, new Counts());
    }
    show(
        registry,
        "meltemi_xds_resources_generated",
        "Resources made, each for all proxies that share it.",
        counts -> counts.generated);
    show(
        registry,
        "meltemi_xds_resources_shared",
        "Resources that a proxy was given of what had been made before.",
        counts -> counts.shared);
    show(
        registry,
        "meltemi_xds_resources_sent",
        "Resources sent that are new to the proxy.",
        counts -> counts.sent);
    show(
        registry,
        "meltemi_xds_resources_resent",
        "Resources sent though the proxy holds them: endpoints of clusters that changed, and what"
            + " state of the world repeats.",
        counts -> counts.again);
    show(
        registry,
        "meltemi_xds_resources_skipped",
        "Resources that pushes left out because the proxy holds the same bytes.",
        counts -> counts.skipped);
    show(registry, "meltemi_xds_sent_bytes", "Bytes of resources sent.", counts -> counts.bytes);
    show(
        registry,
        "meltemi_xds_resent_bytes",
        "Bytes of resources sent though the proxy holds them.",
        counts -> counts.bytesAgain);
    show(
        registry,
        "meltemi_xds_saved_bytes",
        "Bytes of the resources that pushes left out.",
        counts -> counts.bytesSaved);
    CounterWithCallback.builder()
        .name("xds_cache_reads")
        .help("Groups of resources wanted for a proxy: made before (hit) or not (miss).")
        .labelNames("type")
        .callback(
            counter -> {
              counter.call(hits.doubleValue(), "hit");
              counter.call(misses.doubleValue(), "miss");
            })
        .register(registry);
  }

  private void show(
      PrometheusRegistry registry, String name, String help, Function<Counts, LongAdder> which) {
    CounterWithCallback.builder()
        .name(name)
        .help(help)
        .labelNames("type")
        .callback(
            counter -> {
              types.forEach(
                  (type, counts) ->
                      counter.call(which.apply(counts).doubleValue(), type.shortName()));
              counter.call(which.apply(others).doubleValue(), OTHER);
            })
        .register(registry);
  }

  private Counts of(TypeUrl type) {
    return types.getOrDefault(type, others);
  }

  @Override
  public void generated(TypeUrl type, int resources, Duration translating, Duration encoding) {
    of(type).generated.add(resources);
    misses.increment();
  }

  @Override
  public void shared(TypeUrl type, int resources) {
    of(type).shared.add(resources);
    hits.increment();
  }

  @Override
  public void pushed(TypeUrl type, Sent sent) {
    Counts counts = of(type);
    counts.sent.add(sent.changes());
    counts.bytes.add(sent.bytes());
    Amount again = sent.amounts().again();
    if (again.resources() > 0) {
      counts.again.add(again.resources());
      counts.bytesAgain.add(again.bytes());
    }
  }

  @Override
  public void skipped(TypeUrl type, Amount held) {
    Counts counts = of(type);
    counts.skipped.add(held.resources());
    counts.bytesSaved.add(held.bytes());
  }
}
