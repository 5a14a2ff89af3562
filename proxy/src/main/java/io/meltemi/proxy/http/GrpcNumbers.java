package io.meltemi.proxy.http;

import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import org.jspecify.annotations.Nullable;

/**
 * Numbers of the gRPC calls to one cluster, or to one method there. Those of statuses and messages
 * are made when first needed. Any thread.
 */
public final class GrpcNumbers {
  /** Statuses that have a number of their own; others are counted as failures only. */
  private static final int STATUS_MAX = 16;

  private final StatScope scope;
  private final Counter total;
  private final Counter success;
  private final Counter failure;
  private @Nullable Counter requestMessages;
  private @Nullable Counter responseMessages;
  private final @Nullable Counter[] byStatus = new @Nullable Counter[STATUS_MAX + 1];

  public GrpcNumbers(StatScope scope) {
    this.scope = scope;
    total = scope.counter("total");
    success = scope.counter("success");
    failure = scope.counter("failure");
  }

  /** A call has ended with the status. */
  public void ended(int status) {
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

  public void requestMessages(int count) {
    Counter counter = requestMessages;
    if (counter == null) {
      counter = scope.counter("request_message_count");
      requestMessages = counter;
    }
    counter.add(count);
  }

  public void responseMessages(int count) {
    Counter counter = responseMessages;
    if (counter == null) {
      counter = scope.counter("response_message_count");
      responseMessages = counter;
    }
    counter.add(count);
  }
}
