package io.meltemi.proxy.http.filter.grpcstats;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.buffer.ByteBuf;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/** Counts calls, their ends by status, and messages each way: {@code cluster.<name>.grpc.}. */
final class GrpcStatsFilter implements HttpFilter {
  /** Statuses that have a number of their own; others are counted as failures only. */
  private static final int STATUS_MAX = 16;

  private static final int CLUSTERS_KEPT_MAX = 64;

  private final HttpFilterContext context;
  private final ClusterManager clusters;
  private final Stats stats;

  /** What was looked up already; clusters that are replaced make place when it is full. */
  private final IdentityHashMap<Cluster, Numbers> known = new IdentityHashMap<>(4);

  private final MessageCounter requests = new MessageCounter();
  private final MessageCounter responses = new MessageCounter();
  private @Nullable Numbers numbers;

  /** The numbers of one cluster; those of statuses are made when first needed. */
  private static final class Numbers {
    final StatScope scope;
    final Counter total;
    final Counter success;
    final Counter failure;
    final Counter requestMessages;
    final Counter responseMessages;
    final @Nullable Counter[] byStatus = new @Nullable Counter[STATUS_MAX + 1];

    Numbers(StatScope scope) {
      this.scope = scope;
      total = scope.counter("total");
      success = scope.counter("success");
      failure = scope.counter("failure");
      requestMessages = scope.counter("request_message_count");
      responseMessages = scope.counter("response_message_count");
    }

    void ended(int status) {
      total.inc();
      (status == 0 ? success : failure).inc();
      if (status >= 0 && status <= STATUS_MAX) {
        Counter counter = byStatus[status];
        if (counter == null) {
          counter = scope.counter(Integer.toString(status));
          byStatus[status] = counter;
        }
        counter.inc();
      }
    }
  }

  /** Counts frames of gRPC, each a flag and a length before so many bytes. */
  private static final class MessageCounter {
    private static final int HEAD_BYTES = 5;
    private int headRead;
    private long length;
    private long bodyLeft;

    int read(ByteBuf data) {
      int count = 0;
      int at = data.readerIndex();
      int end = data.writerIndex();
      while (at < end) {
        if (bodyLeft > 0) {
          long skipped = Math.min(bodyLeft, end - at);
          bodyLeft -= skipped;
          at += (int) skipped;
          continue;
        }
        int next = data.getByte(at++) & 0xFF;
        if (headRead > 0) {
          length = length << 8 | next;
        }
        if (++headRead == HEAD_BYTES) {
          count++;
          bodyLeft = length;
          clear();
        }
      }
      return count;
    }

    private void clear() {
      headRead = 0;
      length = 0;
    }

    void reset() {
      clear();
      bodyLeft = 0;
    }
  }

  GrpcStatsFilter(HttpFilterContext context, ClusterManager clusters, Stats stats) {
    this.context = context;
    this.clusters = clusters;
    this.stats = stats;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    if (GrpcHeaders.isGrpc(headers)) {
      RouteChoice choice = context.routeChoice();
      String name = choice == null ? null : choice.cluster();
      Cluster cluster = name == null ? null : clusters.get(name);
      numbers = cluster == null ? null : numbers(cluster);
    }
    return FilterStatus.CONTINUE;
  }

  private Numbers numbers(Cluster cluster) {
    Numbers found = known.get(cluster);
    if (found == null) {
      if (known.size() >= CLUSTERS_KEPT_MAX) {
        known.clear();
      }
      found = new Numbers(stats.scope("cluster." + cluster.settings().statName() + ".grpc."));
      known.put(cluster, found);
    }
    return found;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    Numbers counted = numbers;
    if (counted != null) {
      int messages = requests.read(data);
      if (messages > 0) {
        counted.requestMessages.add(messages);
      }
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    if (endStream) {
      ended(headers);
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus encodeData(ByteBuf data, boolean endStream) {
    Numbers counted = numbers;
    if (counted != null) {
      int messages = responses.read(data);
      if (messages > 0) {
        counted.responseMessages.add(messages);
      }
    }
    return FilterStatus.CONTINUE;
  }

  @Override
  public FilterStatus encodeTrailers(HeaderBlock trailers) {
    ended(trailers);
    return FilterStatus.CONTINUE;
  }

  private void ended(HeaderBlock headers) {
    Numbers counted = numbers;
    if (counted != null) {
      int status = GrpcHeaders.status(headers);
      if (status != GrpcHeaders.NO_STATUS) {
        counted.ended(status);
      }
    }
  }

  @Override
  public void onStreamEnd() {
    numbers = null;
    requests.reset();
    responses.reset();
  }
}
