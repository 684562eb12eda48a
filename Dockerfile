# One image for every service of docker-compose.yml. It runs only steps the Makefile also runs.
FROM python:3.11-slim-bookworm

RUN apt-get update && apt-get install --no-install-recommends --yes make && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 sanaq
WORKDIR /opt/sanaq
COPY --chown=sanaq:sanaq . .
RUN mkdir -p /var/lib/sanaq/lake /var/lib/sanaq/inbox .airflow/logs && chown -R sanaq:sanaq /opt/sanaq /var/lib/sanaq
USER sanaq
RUN make setup

ENV PATH=/opt/sanaq/.venv/bin:$PATH \
    AIRFLOW_HOME=/opt/sanaq/.airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/sanaq/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    SANAQ_LAKE=/var/lib/sanaq/lake \
    SANAQ_INBOX=/var/lib/sanaq/inbox
CMD ["sanaq", "doctor"]
