-- The tables of both sides, constraints and all.

CREATE TABLE customers (
    id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL, bio text, ver bigint
);
ALTER TABLE customers ALTER bio SET STORAGE EXTERNAL;

-- A customer's new key reaches the orders by the cascade, in the same transaction.
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON UPDATE CASCADE DEFERRABLE,
    total numeric(12, 2) NOT NULL, ver bigint
);
CREATE INDEX ON orders (customer_id);

CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders DEFERRABLE,
    line int NOT NULL, body text, ver bigint,
    PRIMARY KEY (order_id, line)
);
ALTER TABLE order_items ALTER body SET STORAGE EXTERNAL;

-- Its key is masked: moves, deletes and tombstones must find each other by the mask.
CREATE TABLE accounts (email text PRIMARY KEY, body text, ver bigint);

-- Without a key.
CREATE TABLE journal (who text, body text, ver bigint);
CREATE INDEX ON journal (ver);
ALTER TABLE journal REPLICA IDENTITY FULL;
