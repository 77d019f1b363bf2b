"""The files that the local broker is started with, written anew at each start."""

from __future__ import annotations

from pathlib import Path

# Sizes for one person: Kafka's defaults make 50 + 50 internal partitions and a cleaner buffer of 128 MB.
# A broker that was killed is let in again only when its session has ended: 3 s, not 9.
# Retention is off: a sample that were cut from behind would be produced a second time.
_SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
num.partitions=4
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
background.threads=2
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=8388608
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
_LOG4J2 = """\
<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR" shutdownHook="disable">
  <Appenders>
    <RollingFile name="file" fileName="{log}" filePattern="{log}.%i">
      <PatternLayout pattern="%d %p %m (%c)%n"/>
      <SizeBasedTriggeringPolicy size="5 MB"/>
      <DefaultRolloverStrategy max="2"/>
    </RollingFile>
  </Appenders>
  <Loggers>
    <Root level="INFO"><AppenderRef ref="file"/></Root>
    <Logger name="org.apache.kafka.common.config.AbstractConfig" level="WARN"/>
    <Logger name="kafka.server.KafkaConfig" level="WARN"/>
  </Loggers>
</Configuration>
"""


def write_server_properties(path: Path, *, data: Path, port: int, controller_port: int) -> None:
    """Write the settings of one broker that is its own controller, on the loopback only."""
    # A properties file takes the backslash for an escape; paths with spaces are fine.
    shown = str(data).replace("\\", "\\\\")
    path.write_text(_SERVER.format(data=shown, port=port, controller_port=controller_port), encoding="utf-8")


def write_log_config(path: Path, *, log: Path) -> None:
    """Write a log4j2 configuration that keeps at most 15 MB of log."""
    path.write_text(_LOG4J2.format(log=log), encoding="utf-8")
