package io.meltemi.xds.server;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC call below a connection. Requests come on gRPC threads and are handed to the loop one at
 * a time: the next is read only when the last is worked off and the client reads what it is sent.
 */
abstract class Stream<Q> implements StreamObserver<Q>, Wire {
  private final DiscoveryServer server;
  final ServerCallStreamObserver<EncodedResponse> responses;
  private final String peer;

  // Belongs to the loop.
  private @Nullable DiscoveryConnection connection;
  private boolean ended;
  private boolean readPending = true;

  /** Bytes sent that the client has not read, as far as the transport tells. */
  private long underWay;

  private long sentNanos;

  Stream(DiscoveryServer server, ServerCallStreamObserver<EncodedResponse> responses, String peer) {
    this.server = server;
    this.responses = responses;
    this.peer = peer;
    responses.disableAutoRequest();
    responses.setOnReadyHandler(() -> server.loop().execute(this::ready));
    responses.setOnCancelHandler(() -> server.loop().execute(this::end));
  }

  abstract IncomingRequest read(Q message);

  @Override
  public final void onNext(Q message) {
    IncomingRequest request = read(message);
    server.loop().execute(() -> receive(request));
  }

  @Override
  public final void onError(Throwable failure) {
    server.loop().execute(this::end);
  }

  @Override
  public final void onCompleted() {
    server
        .loop()
        .execute(
            () -> {
              close(Status.OK);
              end();
            });
  }

  private void receive(IncomingRequest request) {
    if (ended) {
      return;
    }
    DiscoveryConnection current = connection;
    if (current == null) {
      current = server.admit(this, peer, request);
      connection = current;
    }
    if (current != null) {
      server.take(this, current, request);
    } else {
      received();
    }
  }

  /** The last request is worked off. */
  final void received() {
    if (!ended) {
      readPending = true;
      readNext();
    }
  }

  final boolean isEnded() {
    return ended;
  }

  private void ready() {
    if (!ended) {
      arrived();
      readNext();
      if (connection != null && connection.isReady()) {
        server.backend().ready(connection);
      }
    }
  }

  private void readNext() {
    if (readPending && (responses.isReady() || connection == null)) {
      readPending = false;
      responses.request(1);
    }
  }

  /** Begins to read; called once, on the loop. */
  void start() {
    readNext();
  }

  /** What was sent is with the client, or is no longer waited for. */
  final void arrived() {
    if (underWay > 0) {
      long bytes = underWay;
      underWay = 0;
      server.arrived(this, bytes);
    }
  }

  /** When the last response went out that the client has not read (monotonic clock). */
  final long sentNanos() {
    return sentNanos;
  }

  private void end() {
    if (!ended) {
      ended = true;
      arrived();
      server.ended(this, connection);
    }
  }

  @Override
  public final boolean isReady() {
    return !ended && responses.isReady();
  }

  @Override
  public final void close(Status status) {
    if (!ended && !responses.isCancelled()) {
      if (status.isOk()) {
        responses.onCompleted();
      } else {
        responses.onError(status.asRuntimeException());
      }
    }
    end();
  }

  final void transmit(EncodedResponse message) {
    if (!ended && !responses.isCancelled()) {
      responses.onNext(message);
      if (!responses.isReady()) {
        int bytes = message.sizeBytes();
        underWay += bytes;
        sentNanos = server.ticker().nanos();
        server.underWay(this, bytes);
      }
    }
  }
}
