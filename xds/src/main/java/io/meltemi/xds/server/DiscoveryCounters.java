package io.meltemi.xds.server;

import java.util.concurrent.atomic.LongAdder;

/** What a server counted since its start, and what waits in it now. Any thread may read and add. */
public final class DiscoveryCounters {
  /** Streams that said who they are and were let in. */
  public final LongAdder connectionsOpened = new LongAdder();

  /** Streams refused for want of room. */
  public final LongAdder connectionsRefused = new LongAdder();

  /** Streams ended because of an unusable request. */
  public final LongAdder invalidRequests = new LongAdder();

  /** Streams ended because a request went beyond a limit. */
  public final LongAdder limitsHit = new LongAdder();

  /** Requests that answered a response which was no longer the last. */
  public final LongAdder staleNonces = new LongAdder();

  /** Responses no longer waited for because too many were unanswered. */
  public final LongAdder unansweredDropped = new LongAdder();

  /** Requests that waited because too much was under way to other clients. */
  public final LongAdder requestsDelayed = new LongAdder();

  /** Streams that read nothing for a second while others waited for room. */
  public final LongAdder streamsStalled = new LongAdder();

  /** Requests that wait now because too much is under way to other clients. */
  public final LongAdder requestsWaiting = new LongAdder();

  /** Streams with bytes that their clients have not read, now. */
  public final LongAdder streamsUnread = new LongAdder();

  /** Bytes that clients have not read, now. */
  public final LongAdder bytesUnread = new LongAdder();

  public final LongAdder requests = new LongAdder();
  public final LongAdder responses = new LongAdder();
  public final LongAdder responseBytes = new LongAdder();

  DiscoveryCounters() {}
}
