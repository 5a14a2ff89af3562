package io.meltemi.bench.generator;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * HTTP/1.1 GETs on keep-alive connections, one at a time on each, at a fixed rate. One thread sends
 * what is due on free connections; another waits for answers, so that each is seen at once, and
 * sends what is overdue. Arguments: {@code CONNECTIONS RATE WARM_UP_SECONDS SECONDS PORT PATH
 * [HEADER...]}; rate 0 is as fast as the answers come.
 */
public final class HttpGenerator {
  private static final int PR_SET_TIMERSLACK = 29;
  private static final long LATEST_ANSWER_NANOS = 3_000_000_000L;
  private static final long IDLE_NANOS = 1_000_000L;
  private static final double NANOS_PER_MILLI = 1e6;

  private final Selector selector;
  private final OpenLoopSchedule schedule;
  private final ArrayDeque<Connection> free = new ArrayDeque<>();
  private final long endNanos;
  private long errors;
  private int outstanding;

  private HttpGenerator(Selector selector, OpenLoopSchedule schedule, long endNanos) {
    this.selector = selector;
    this.schedule = schedule;
    this.endNanos = endNanos;
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    int connections = Integer.parseInt(arguments[0]);
    double rate = Double.parseDouble(arguments[1]);
    long warmUpNanos = Long.parseLong(arguments[2]) * 1_000_000_000L;
    long seconds = Long.parseLong(arguments[3]);
    int port = Integer.parseInt(arguments[4]);
    byte[] request =
        request(port, arguments[5], Arrays.asList(arguments).subList(6, arguments.length));
    try (Selector selector = Selector.open()) {
      ArrayDeque<Connection> opened = new ArrayDeque<>();
      for (int i = 0; i < connections; i++) {
        opened.add(new Connection(selector, port, request));
      }
      long start = System.nanoTime() + 10_000_000L;
      long metered = start + warmUpNanos;
      long end = metered + seconds * 1_000_000_000L;
      HttpGenerator generator =
          new HttpGenerator(selector, new OpenLoopSchedule(start, rate, metered, end), end);
      generator.free.addAll(opened);
      Thread announcer = new Thread(() -> announce(metered, end), "announcer");
      announcer.start();
      Thread sender = new Thread(generator::send, "sender");
      sender.start();
      generator.receive();
      sender.join();
      announcer.join();
      generator.print(seconds);
    }
  }

  static byte[] request(int port, String path, List<String> headers) {
    StringBuilder text = new StringBuilder();
    text.append("GET ").append(path).append(" HTTP/1.1\r\n");
    if (headers.stream().noneMatch(header -> header.regionMatches(true, 0, "host:", 0, 5))) {
      text.append("host: 127.0.0.1:").append(port).append("\r\n");
    }
    headers.forEach(header -> text.append(header).append("\r\n"));
    return text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Tells the parent when the metered part begins and ends. */
  private static void announce(long meteredNanos, long endNanos) {
    sleepUntil(meteredNanos);
    System.out.println("begin");
    sleepUntil(endNanos);
    System.out.println("end");
  }

  private static void sleepUntil(long nanos) {
    for (long left; (left = nanos - System.nanoTime()) > 0; ) {
      LockSupport.parkNanos(left);
    }
  }

  private void send() {
    sleepPrecisely();
    while (true) {
      long now = System.nanoTime();
      long wait;
      synchronized (this) {
        while (!free.isEmpty() && sendDue(free.peek(), now)) {
          free.remove();
        }
        long due = schedule.nextDueNanos(now);
        if (due == Long.MAX_VALUE) {
          return;
        }
        // without a free connection the receiver sends what is due
        wait = free.isEmpty() ? IDLE_NANOS : due - now;
      }
      if (wait > 0) {
        LockSupport.parkNanos(wait);
      }
    }
  }

  /** Sends the next request on a connection when it is due; false when none is. */
  private boolean sendDue(Connection connection, long now) {
    long intended = schedule.take(now);
    if (intended < 0) {
      return false;
    }
    outstanding++;
    connection.intendedNanos = intended;
    try {
      connection.send();
    } catch (IOException e) {
      errors++;
      outstanding--;
    }
    return true;
  }

  private void receive() throws IOException {
    while (true) {
      selector.select(
          key -> {
            Connection connection = (Connection) key.attachment();
            try {
              if (connection.read()) {
                answered(connection);
              }
            } catch (IOException e) {
              key.cancel();
              synchronized (this) {
                errors++;
                outstanding--;
              }
            }
          },
          1);
      long now = System.nanoTime();
      if (now < endNanos) {
        continue;
      }
      synchronized (this) {
        if (outstanding <= 0 || now > endNanos + LATEST_ANSWER_NANOS) {
          return;
        }
      }
    }
  }

  private synchronized void answered(Connection connection) {
    long now = System.nanoTime();
    outstanding--;
    if (!connection.ok) {
      errors++;
    }
    schedule.answered(connection.intendedNanos, now);
    if (!sendDue(connection, now)) {
      free.add(connection);
    }
  }

  private synchronized void print(long seconds) {
    Histogram latencies = schedule.latencies();
    System.out.println("requests=" + latencies.getTotalCount());
    System.out.println("errors=" + (errors + Math.max(0, outstanding)));
    System.out.println("seconds=" + seconds);
    System.out.println("late=" + schedule.neverSent());
    System.out.println("p50=" + latencies.getValueAtPercentile(50) / NANOS_PER_MILLI);
    System.out.println("p99=" + latencies.getValueAtPercentile(99) / NANOS_PER_MILLI);
    System.out.println("p999=" + latencies.getValueAtPercentile(99.9) / NANOS_PER_MILLI);
    System.out.println("max=" + latencies.getMaxValue() / NANOS_PER_MILLI);
  }

  /** Lets this thread's timers fire when they are due, not up to 50 µs later; Linux only. */
  @SuppressWarnings("restricted") // one call to the kernel in a process of the benchmark
  private static void sleepPrecisely() {
    try {
      Linker linker = Linker.nativeLinker();
      MethodHandle prctl =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("prctl"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG),
              Linker.Option.firstVariadicArg(1));
      int _ = (int) prctl.invokeExact(PR_SET_TIMERSLACK, 1L);
    } catch (Throwable e) {
      System.err.println("timer slack stays as it is: " + e);
    }
  }

  /** One connection with at most one request on its way. Sent and read under no common lock. */
  static final class Connection {
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final byte[] LENGTH = "content-length:".getBytes(StandardCharsets.ISO_8859_1);

    private final SocketChannel channel;
    private final ByteBuffer request;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final byte[] head = new byte[BUFFER_BYTES];
    private int headBytes;
    private long bodyBytesLeft = -1;
    private volatile long intendedNanos;
    private boolean ok;

    Connection(Selector selector, int port, byte[] request) throws IOException {
      this.request = ByteBuffer.allocateDirect(request.length).put(request).flip();
      channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ, this);
    }

    private void send() throws IOException {
      request.rewind();
      channel.write(request);
      if (request.hasRemaining()) {
        throw new IOException("a request did not fit into the socket");
      }
    }

    /** Reads what came; true when an answer is complete. */
    private boolean read() throws IOException {
      buffer.clear();
      if (channel.read(buffer) < 0) {
        throw new IOException("the connection was closed");
      }
      buffer.flip();
      if (bodyBytesLeft < 0) {
        int from = headBytes;
        int added = buffer.remaining();
        if (headBytes + added > head.length) {
          throw new IOException("an answer's head is too long");
        }
        buffer.get(head, headBytes, added);
        headBytes += added;
        int end = endOfHead(head, Math.max(0, from - 3), headBytes);
        if (end < 0) {
          return false;
        }
        ok = head[9] == '2';
        bodyBytesLeft = contentLength(head, end) - (headBytes - end);
      } else {
        bodyBytesLeft -= buffer.remaining();
      }
      if (bodyBytesLeft < 0) {
        throw new IOException("more bytes than the answer has");
      }
      if (bodyBytesLeft > 0) {
        return false;
      }
      bodyBytesLeft = -1;
      headBytes = 0;
      return true;
    }

    /** Where the body begins; −1 when the head is not complete. */
    static int endOfHead(byte[] bytes, int from, int to) {
      for (int i = from; i + 3 < to; i++) {
        if (bytes[i] == '\r'
            && bytes[i + 1] == '\n'
            && bytes[i + 2] == '\r'
            && bytes[i + 3] == '\n') {
          return i + 4;
        }
      }
      return -1;
    }

    /**
     * The value of {@code content-length} in a head.
     *
     * @throws IOException when there is none
     */
    static long contentLength(byte[] bytes, int to) throws IOException {
      for (int i = 0; i + LENGTH.length < to; i++) {
        if (bytes[i] == '\n' && matches(bytes, i + 1, to)) {
          long value = 0;
          for (int j = i + 1 + LENGTH.length; j < to && bytes[j] != '\r'; j++) {
            if (bytes[j] >= '0' && bytes[j] <= '9') {
              value = value * 10 + bytes[j] - '0';
            }
          }
          return value;
        }
      }
      throw new IOException("an answer without content-length");
    }

    private static boolean matches(byte[] bytes, int at, int to) {
      if (at + LENGTH.length > to) {
        return false;
      }
      for (int i = 0; i < LENGTH.length; i++) {
        int c = bytes[at + i];
        if (c >= 'A' && c <= 'Z') {
          c += 'a' - 'A';
        }
        if (c != LENGTH[i]) {
          return false;
        }
      }
      return true;
    }
  }
}
