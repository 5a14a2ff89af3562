/**
 * Access log configuration and sinks: line formats, filters and the writer of log files. Lines are
 * made on event loops and written by one thread per file. Implements Envoy's {@code
 * config.accesslog.v3} with the file, stdout and stderr loggers.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.telemetry.accesslog;
