package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.cluster.Host;
import io.meltemi.proxy.cluster.HostStat;
import io.meltemi.proxy.header.GrpcHeaders;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import org.jspecify.annotations.Nullable;

/**
 * What one request after another, and each of its tries, count for: their cluster, their virtual
 * cluster, their host and its outlier detection. Event loop only.
 */
final class RequestTally {
  private final LoopContext loop;
  private @Nullable Cluster cluster;

  /** Of the virtual cluster that the request belongs to. */
  private @Nullable RequestNumbers numbers;

  private boolean grpc;
  private boolean grpcOutcomeOpen;
  private boolean grpcOutcomeGood;

  /** Whether the head of the response told the host's load. */
  private boolean reported;

  RequestTally(LoopContext loop) {
    this.loop = loop;
  }

  void begin(Cluster of, @Nullable RequestNumbers ofVirtualCluster, boolean isGrpc) {
    cluster = of;
    numbers = ofVirtualCluster;
    grpc = isGrpc;
  }

  private Cluster cluster() {
    Cluster present = cluster;
    if (present == null) {
      throw new IllegalStateException("no cluster");
    }
    return present;
  }

  void noHost() {
    cluster().stats().cxNoneHealthy.inc();
  }

  /** A try has its connection. */
  void ready() {
    if (numbers != null) {
      numbers.total.inc();
    }
  }

  /** A host has answered; a gRPC call's outcome may be known only at its end. */
  void head(Host by, int status, HeaderBlock headers, boolean endStream) {
    Cluster from = cluster();
    reported = from.weighsReports() && from.onLoadReport(by, headers, loop.nanos());
    int grpcStatus = grpc ? GrpcHeaders.status(headers) : GrpcHeaders.NO_STATUS;
    boolean told = grpcStatus != GrpcHeaders.NO_STATUS;
    from.outlierDetector().onResponse(by, told ? GrpcHeaders.httpStatus(grpcStatus) : status);
    if (grpc && status < 500 && !told && !endStream) {
      grpcOutcomeOpen = true;
      grpcOutcomeGood = false;
    } else {
      boolean good = status < 500 && (told ? grpcStatus == 0 : !grpc);
      by.add(good ? HostStat.RQ_SUCCESS : HostStat.RQ_ERROR, 1);
    }
    from.stats().responseCode(status);
  }

  /** The trailers of a response whose end follows. */
  void trailers(Host by, HeaderBlock trailers) {
    grpcOutcomeGood = GrpcHeaders.status(trailers) == 0;
    if (!reported && cluster().weighsReports()) {
      cluster().onLoadReport(by, trailers, loop.nanos());
    }
  }

  /** The response is complete. */
  void ended(Host by, long millis) {
    cluster().stats().rqTime.record(millis);
    if (numbers != null) {
      numbers.timeMs.record(millis);
    }
    if (grpcOutcomeOpen) {
      // no trailers came, or they follow at once and say so
      grpcOutcomeOpen = false;
      by.add(grpcOutcomeGood ? HostStat.RQ_SUCCESS : HostStat.RQ_ERROR, 1);
    }
  }

  /** A host's answer goes to the client. */
  void answered(int status, boolean afterRetries) {
    if (numbers != null) {
      numbers.answered(status);
    }
    if (afterRetries && status < 500) {
      cluster().stats().rqRetrySuccess.inc();
      if (numbers != null) {
        numbers.retrySuccess.inc();
      }
    }
  }

  /** The client is answered in the host's place. */
  void replied(int status) {
    cluster().stats().responseCode(status);
    if (numbers != null) {
      numbers.answered(status);
    }
  }

  void decided(RetryState.Decision decision) {
    switch (decision) {
      case NO -> {}
      case LIMIT -> {
        cluster().stats().rqRetryLimitExceeded.inc();
        if (numbers != null) {
          numbers.retryLimitExceeded.inc();
        }
      }
      case OVERFLOW -> {
        cluster().stats().rqRetryOverflow.inc();
        if (numbers != null) {
          numbers.retryOverflow.inc();
        }
      }
      case YES -> {
        cluster().stats().rqRetry.inc();
        cluster().stats().rqRetryBackoffExponential.inc();
        if (numbers != null) {
          numbers.retry.inc();
        }
      }
    }
  }

  /** There is no connection to the host. */
  void notConnected(Host to, boolean fault) {
    to.add(HostStat.RQ_ERROR, 1);
    if (fault) {
      cluster().outlierDetector().onLocalFailure(to);
    }
  }

  /** The try was broken off. */
  void reset(Host by) {
    grpcOutcomeOpen = false;
    by.add(HostStat.RQ_ERROR, 1);
    cluster().outlierDetector().onLocalFailure(by);
  }

  /**
   * The whole request has taken too long.
   *
   * @param by null when no host was asked yet
   */
  void timedOut(@Nullable Host by) {
    cluster().stats().rqTimeout.inc();
    if (numbers != null) {
      numbers.timeout.inc();
    }
    if (by != null) {
      late(by);
    }
  }

  void tryTimedOut(Host by) {
    cluster().stats().rqPerTryTimeout.inc();
    late(by);
  }

  private void late(Host by) {
    by.add(HostStat.RQ_TIMEOUT, 1);
    cluster().outlierDetector().onLocalFailure(by);
  }

  void durationReached() {
    cluster().stats().rqMaxDurationReached.inc();
  }

  void clear() {
    cluster = null;
    numbers = null;
    grpc = false;
    grpcOutcomeOpen = false;
    grpcOutcomeGood = false;
  }
}
