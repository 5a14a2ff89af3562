package io.meltemi.bench.swarm;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.bench.swarm.MeshFiles.Workload;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Sidecars that are connected at the same time. Used by one thread. */
final class Swarm implements AutoCloseable {
  private static final int LOOPS = 2;
  private static final long POLL_MILLIS = 5;

  private final List<SwarmLoop> loops = new ArrayList<>();
  private final List<SidecarStream> streams = new ArrayList<>();
  private final Tally tally;
  private final CountDownLatch waiting;
  private final AtomicInteger ready = new AtomicInteger();
  private final AtomicLong readyNanos = new AtomicLong();
  private volatile @Nullable Round round;

  /**
   * Opens all streams at once.
   *
   * @param nodes of the sidecars
   * @param problems told why streams end
   */
  Swarm(SocketAddress address, List<Node> nodes, Tally tally, Consumer<String> problems) {
    this.tally = tally;
    this.waiting = new CountDownLatch(nodes.size());
    for (int i = 0; i < LOOPS; i++) {
      loops.add(new SwarmLoop());
    }
    for (int i = 0; i < nodes.size(); i++) {
      SwarmLoop loop = loops.get(i % LOOPS);
      streams.add(
          new SidecarStream(
              loop,
              loop.connect(address),
              nodes.get(i),
              new SidecarStream.Shared(
                  tally, () -> round, this::oneIsReady, new Random(i), problems)));
    }
  }

  void start() {
    streams.forEach(SidecarStream::start);
  }

  private void oneIsReady() {
    readyNanos.accumulateAndGet(System.nanoTime(), Math::max);
    ready.incrementAndGet();
    waiting.countDown();
  }

  /** How many got their whole configuration. */
  int ready() {
    return ready.get();
  }

  /** When the last of them had it. */
  long readyNanos() {
    return readyNanos.get();
  }

  /** Waits for all; false when some have not got it in time. */
  boolean awaitReady(long millis) throws InterruptedException {
    return waiting.await(millis, TimeUnit.MILLISECONDS);
  }

  /** The change that sidecars look out for; null for none. */
  void expect(@Nullable Round change) {
    round = change;
  }

  /** Waits until no sidecar was sent anything for some time. */
  void awaitSilence(long millis, long millisMax) throws InterruptedException {
    long begun = System.nanoTime();
    while (System.nanoTime() - begun < TimeUnit.MILLISECONDS.toNanos(millisMax)) {
      long since = System.nanoTime() - Math.max(begun, tally.lastNanos.get());
      long left = millis - TimeUnit.NANOSECONDS.toMillis(since);
      if (left <= 0) {
        return;
      }
      Thread.sleep(Math.max(left, POLL_MILLIS));
    }
  }

  /** The most resources of each type that any sidecar has. */
  Map<Kind, Integer> holdings() throws InterruptedException {
    Map<Kind, Integer> most = new EnumMap<>(Kind.class);
    for (int i = 0; i < LOOPS; i++) {
      int first = i;
      FutureTask<Void> count =
          new FutureTask<>(
              () -> {
                for (int j = first; j < streams.size(); j += LOOPS) {
                  for (Kind kind : Kind.values()) {
                    most.merge(kind, streams.get(j).count(kind), Math::max);
                  }
                }
              },
              null);
      loops.get(i).execute(count);
      try {
        count.get();
      } catch (java.util.concurrent.ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
    return most;
  }

  @Override
  public void close() {
    streams.forEach(SidecarStream::close);
    loops.forEach(SwarmLoop::close);
  }

  /** What the agent of an Istio sidecar says of its proxy, whichever that is. */
  static Node node(Workload workload) {
    String namespace = workload.namespace();
    String owner = workload.app() + "-" + workload.version();
    Struct labels =
        Struct.newBuilder()
            .putFields("app", text(workload.app()))
            .putFields("version", text(workload.version()))
            .build();
    Struct settings =
        Struct.newBuilder()
            .putFields("concurrency", Value.newBuilder().setNumberValue(2).build())
            .putFields("discoveryAddress", text("istiod.istio-system.svc:15012"))
            .putFields("drainDuration", text("45s"))
            .putFields("serviceCluster", text("istio-proxy"))
            .putFields("terminationDrainDuration", text("5s"))
            .build();
    Struct.Builder metadata = Struct.newBuilder();
    Map.of(
            "APP_CONTAINERS",
            workload.app(),
            "CLUSTER_ID",
            "Kubernetes",
            "INSTANCE_IPS",
            workload.ip(),
            "INTERCEPTION_MODE",
            "REDIRECT",
            "ISTIO_VERSION",
            "1.32.0",
            "MESH_ID",
            "cluster.local",
            "NAME",
            workload.name(),
            "NAMESPACE",
            namespace,
            "NODE_NAME",
            "node-1",
            "WORKLOAD_NAME",
            owner)
        .forEach((key, value) -> metadata.putFields(key, text(value)));
    metadata
        .putFields("LABELS", Value.newBuilder().setStructValue(labels).build())
        .putFields(
            "OWNER",
            text("kubernetes://apis/apps/v1/namespaces/" + namespace + "/deployments/" + owner))
        .putFields(
            "PILOT_SAN",
            Value.newBuilder()
                .setListValue(ListValue.newBuilder().addValues(text("istiod.istio-system.svc")))
                .build())
        .putFields("PROXY_CONFIG", Value.newBuilder().setStructValue(settings).build())
        .putFields("SERVICE_ACCOUNT", text("default"));
    return Node.newBuilder()
        .setId(
            String.join(
                "~",
                "sidecar",
                workload.ip(),
                workload.name() + "." + namespace,
                namespace + ".svc.cluster.local"))
        .setCluster(workload.app() + "." + namespace)
        .setMetadata(metadata)
        .build();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }
}
