package io.meltemi.proxy.http.filter.grpcstats;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.GrpcMethods;
import io.meltemi.proxy.http.GrpcNumbers;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.RouteChoice;
import io.meltemi.proxy.telemetry.Stats;
import io.netty.buffer.ByteBuf;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/** Counts calls, their ends by status, and messages each way: {@code cluster.<name>.grpc.}. */
final class GrpcStatsFilter implements HttpFilter {
  private static final int CLUSTERS_KEPT_MAX = 64;

  private final HttpFilterContext context;
  private final ClusterManager clusters;
  private final Stats stats;
  private final @Nullable GrpcMethods methods;

  /** What was looked up already; clusters that are replaced make place when it is full. */
  private final IdentityHashMap<Cluster, GrpcNumbers> known = new IdentityHashMap<>(4);

  private final MessageCounter requests = new MessageCounter();
  private final MessageCounter responses = new MessageCounter();
  private @Nullable GrpcNumbers numbers;

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

  /**
   * @param methods when methods are counted, and not clusters
   */
  GrpcStatsFilter(
      HttpFilterContext context,
      ClusterManager clusters,
      Stats stats,
      @Nullable GrpcMethods methods) {
    this.context = context;
    this.clusters = clusters;
    this.stats = stats;
    this.methods = methods;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    if (GrpcHeaders.isGrpc(headers)) {
      RouteChoice choice = context.routeChoice();
      String name = choice == null ? null : choice.cluster();
      Cluster cluster = name == null ? null : clusters.get(name);
      if (cluster == null) {
        numbers = null;
      } else {
        numbers = methods == null ? numbers(cluster) : methods.of(cluster, headers);
      }
    }
    return FilterStatus.CONTINUE;
  }

  private GrpcNumbers numbers(Cluster cluster) {
    GrpcNumbers found = known.get(cluster);
    if (found == null) {
      if (known.size() >= CLUSTERS_KEPT_MAX) {
        known.clear();
      }
      found = new GrpcNumbers(stats.scope("cluster." + cluster.settings().statName() + ".grpc."));
      known.put(cluster, found);
    }
    return found;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    GrpcNumbers counted = numbers;
    if (counted != null) {
      int messages = requests.read(data);
      if (messages > 0) {
        counted.requestMessages(messages);
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
    GrpcNumbers counted = numbers;
    if (counted != null) {
      int messages = responses.read(data);
      if (messages > 0) {
        counted.responseMessages(messages);
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
    GrpcNumbers counted = numbers;
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
